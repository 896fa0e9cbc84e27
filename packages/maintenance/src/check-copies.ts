import { type Day, type FileEntry, isDwhError, type ObjectStore } from '@dwh/core'
import { plainCopiesOf } from '@dwh/metadata'
import type { ObjectFiles } from './object-files.ts'
import type { WarehouseView } from './read-warehouse.ts'

/** The plain copy of a table's day. */
export interface PlainCopy {
  readonly path: string
  readonly date: Day
  /** What it is a copy of. */
  readonly file: FileEntry
}

export interface WrongCopy extends PlainCopy {
  readonly problem: 'missing' | 'differs'
}

/** Lists the plain copies of every day, also of those whose copies are pending. */
export function plainCopies({ months, state }: Pick<WarehouseView, 'months' | 'state'>): PlainCopy[] {
  if (!state) return []
  return [...months.values()].flatMap((index) =>
    Object.keys(index.days).flatMap((date) =>
      plainCopiesOf(index, date, state).flatMap(({ path, file }) =>
        file && file.key !== path ? [{ path, date, file }] : [],
      ),
    ),
  )
}

/**
 * Finds the plain copies that are missing or wrong, of the days whose copies are not pending. In a folder a copy is the
 * same file as the original; another file, as in a restored backup, is read whole where `whole()` returns true. In a
 * bucket only sizes are compared: nothing of this warehouse reads the copies.
 */
export async function checkCopies(
  view: WarehouseView,
  store: ObjectStore,
  files: ObjectFiles,
  whole: () => boolean,
): Promise<WrongCopy[]> {
  const { state, objects } = view
  const waiting = new Set(state?.copies_pending)
  const held = new Set(state?.retired.flatMap(({ keys }) => keys))
  const wrong: WrongCopy[] = []
  for (const copy of plainCopies(view)) {
    const { path, date, file } = copy
    const [original, found] = [objects.get(file.key), objects.get(path)]
    // what is gone cannot be copied, and is a problem of its own
    if (!original || waiting.has(date) || held.has(path)) continue
    if (!found) wrong.push({ ...copy, problem: 'missing' })
    else if (found.size !== original.size) wrong.push({ ...copy, problem: 'differs' })
    else if (store.localPath && found.etag !== original.etag && whole() && !(await isSame(files, path, file)))
      wrong.push({ ...copy, problem: 'differs' })
  }
  return wrong
}

async function isSame(files: ObjectFiles, path: string, { sha256 }: FileEntry): Promise<boolean> {
  try {
    return (await files.read(path, (seen) => seen.sha256)) === sha256
  } catch (error) {
    if (isDwhError(error, 'DAMAGED')) return false
    throw error
  }
}
