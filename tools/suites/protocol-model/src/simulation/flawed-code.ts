import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { importChanged, type SourceChange } from '@dwh/test-kit'
import type { Code } from './actors.ts'

/**
 * The flaws of the model as somebody might write them in code, and some that were in the code; in files of `src` of
 * `@dwh/metadata`.
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
      find: 'retired: { run_id: runId, until: null,',
      replace:
        'retired: { run_id: runId, until: new Date(publication.now.getTime() + 24 * 60 * 60 * 1000).toISOString(),',
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
  'pending-overwritten': [{ file: 'publish-run.ts', find: 'withDays(base.copies_pending, [date])', replace: '[date]' }],
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
  'list-of-own': [{ file: 'publish-run.ts', find: '{ ...previous?.tables, ...tables }', replace: '{ ...tables }' }],
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
    sources: /packages\/metadata\/src\/[a-z-]+\.ts$/,
    changes,
  })

/** Reads a source file of `@dwh/metadata`. */
export function sourceOf(file: string): Promise<string> {
  return readFile(`${METADATA}${file}`, 'utf8')
}
