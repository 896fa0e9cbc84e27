import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { importChanged, type SourceChange } from '@dwh/test-kit'
import type { Code } from './run-plan.ts'

/**
 * The flaws of the model as somebody might write them in code, and some that were in the code; in files of `src` of
 * `@dwh/metadata` and `@dwh/maintenance`.
 */
export const FLAWS: Readonly<Record<string, readonly SourceChange[]>> = {
  // objects are removed without raising the fencing token
  'clean-without-token': [
    {
      file: 'clean.ts',
      find: 'await raise(store, base, { copies_pending: pending, retired: unexpired })',
      replace: 'base',
    },
  ],
  // objects are removed before the fencing token is raised
  'delete-first': [
    {
      file: 'clean.ts',
      find: 'const raised = await raise(',
      replace: 'await forEach(left, (key) => store.delete(key))\n    const raised = await raise(',
    },
  ],
  // the retention time starts at the commit, by the clock before it
  'grace-at-commit': [
    {
      file: 'publish-run.ts',
      find: '{ run_id: runId, until: null, days: pending,',
      replace:
        '{ run_id: runId, until: new Date(publication.now.getTime() + 24 * 60 * 60 * 1000).toISOString(), days: pending,',
    },
  ],
  // a commit retires only what etl.json names directly, not the list of the day and its files
  'retired-shallow': [
    {
      file: 'publish-run.ts',
      find: '    before?.manifest.key,\n    ...keysOf(previous?.tables ?? {}),\n',
      replace: '',
    },
  ],
  // a run tries again although a clean-up has raised the fencing token
  'retry-over-token': [
    {
      file: 'publish-run.ts',
      find: 'now.state.fencing_token !== base.state.fencing_token',
      replace: 'now.state.run_id !== base.state.run_id',
    },
  ],
  // a run loses when plain copies were made meanwhile
  'retry-over-failure-only': [
    {
      file: 'publish-run.ts',
      find: 'now.state.fencing_token !== base.state.fencing_token',
      replace:
        'JSON.stringify({ ...now.state, last_failure: null }) !== JSON.stringify({ ...base.state, last_failure: null })',
    },
  ],
  // a run commits on whatever etl.json there is
  'commit-blind': [
    {
      file: 'publish-run.ts',
      find: 'await writeState(store, current, nextState(',
      replace: 'await writeState(store, await readState(store), nextState(',
    },
  ],
  // the pending copies of a run that died are forgotten
  'pending-overwritten': [
    { file: 'next-state.ts', find: 'withDays(base.copies_pending, pending)', replace: 'withDays([], pending)' },
  ],
  // whoever clears the note does not look whether etl.json is still the same
  'clear-blind': [
    {
      file: 'refresh-copies.ts',
      find: 'await clearPending(store, base,',
      replace: 'await clearPending(store, await readState(store),',
    },
  ],
  // a plain path that a list names is replaced
  'plain-named': [{ file: 'refresh-copies.ts', find: 'named: named.has(path)', replace: 'named: false' }],
  // a run of some tables writes a list of those alone
  'list-of-own': [{ file: 'publish-run.ts', find: '{ ...previous?.tables, ...Object', replace: '{ ...Object' }],
  // the note of a failure puts back the etl.json that it read
  'note-stale': [
    {
      file: 'run-records.ts',
      find: 'await writeState(store, now, {',
      replace: 'await writeState(store, await readState(store), {',
    },
  ],
  // a commit without an answer is taken for a failure, and cleaned up
  'lost-is-failed': [
    {
      file: 'publish-run.ts',
      find: 'perhaps ||= !isCertain(error)',
      replace: `if (!isCertain(error)) {
        for (const { key } of Object.values(lists.months))
          if (key.includes(publication.runId)) await store.delete(key)
        throw error
      }`,
    },
  ],
  // nobody looks again at a plain copy that came late
  'no-second-look': [
    {
      file: 'clean.ts',
      find: 'withDays(base.state.copies_pending, days)',
      replace: 'withDays(base.state.copies_pending, days.slice(days.length))',
    },
  ],
  // a take-over forgets the files that were in their place already
  'moved-forgotten': [{ file: 'take-over.ts', find: ', ...publishing.keys]', replace: ']' }],
  // a first run takes the objects of another first run for those of a lost etl.json
  'first-run-stale': [
    { file: 'take-over.ts', find: 'if (now.etag !== null) return', replace: 'if (now.etag === "") return' },
  ],
  // a run that has stored no file takes the newest etl.json as its base; what it names again is of an older one
  'names-again-of-older': [
    {
      file: 'publish-run.ts',
      find: 'const lists = await putLists(store, base.state, options)',
      replace: `const isOwn = (key: string) => key.includes(options.runId)
  if (!keysOf(options.tables).some(isOwn)) base = await readState(store)
  const lists = await putLists(store, base.state, options)`,
    },
  ],
  // a run that has stored nothing commits on what others have made of its base, also after a raised fencing token
  'nothing-stored-over-token': [
    {
      file: 'publish-run.ts',
      find: 'if (now.state.fencing_token !== base.state.fencing_token',
      replace: 'if ((now.state.fencing_token !== base.state.fencing_token && lists.retired.days.length > 0)',
    },
  ],
  // what is past its time is deleted, though another day names it
  'expired-is-dead': [
    {
      file: 'clean.ts',
      find: '!named.has(key) && isInternal',
      replace: '(replaced.has(key) || !named.has(key)) && isInternal',
    },
  ],
  // a table that the day's list lacks says the same
  'same-if-not-listed': [
    {
      file: 'publish-run.ts',
      find: 'found !== undefined && isSameVersion(entry, found)',
      replace: 'found === undefined || isSameVersion(entry, found)',
    },
  ],
  // a table that leaves the current ones is nothing to say
  'same-though-dropped': [
    {
      file: 'publish-run.ts',
      find: 'Object.keys(current).length === Object.keys(base.tables).length &&\n    ',
      replace: '',
    },
  ],
  // a day's new file says the same as the one before
  'same-in-current-only': [
    {
      file: 'publish-run.ts',
      find: '.every(isListed) &&',
      replace: '.every(([name]) => own(listed, name) !== undefined) &&',
    },
  ],
  // the copies of a month's last days are not made once the next month has come
  'month-end-forgotten': [
    { file: 'publish-run.ts', find: 'return monthEndDays(Object.entries(last?.days ?? {}))', replace: 'return []' },
  ],
  // the copy of a day that is not its month's last any more stays
  'month-end-stays': [
    {
      file: 'publish-run.ts',
      find: 'if (index) return monthEndDays(Object.entries(index.days))',
      replace: 'if (index) return []',
    },
  ],
  // a day that becomes its month's last, since `dwh prune` removes the one after it, has no copy
  'month-end-pruned': [{ file: 'prune-warehouse.ts', find: 'pending.push(...monthEndDays(days))', replace: '' }],
  // an expired lease counts as another writer's success, so the run retries for ever
  'retry-forever': [
    { file: 'write-state.ts', find: ' && error.context.leaseOver !== true', replace: '' },
    { file: 'write-state.ts', find: ' || attempts >= MOST_ATTEMPTS', replace: '' },
  ],
}

const METADATA = fileURLToPath(new URL('../../../../../packages/metadata/src/', import.meta.url))

/** Builds the code under test with a flaw in it, and imports it. */
export const flawedCode = (changes: readonly SourceChange[]): Promise<Code> =>
  importChanged<Code>({
    module: new URL('./code.ts', import.meta.url),
    sources: /packages\/(metadata|maintenance)\/src\/[a-z-]+\.ts$/,
    changes,
  })

/** Reads a source file of `@dwh/metadata`. */
export function sourceOf(file: string): Promise<string> {
  return readFile(`${METADATA}${file}`, 'utf8')
}
