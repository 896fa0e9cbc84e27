import type { DayManifest, FileEntry, TableEntry } from '@dwh/core'
import type { WarehouseView } from './read-warehouse.ts'

/** A file that must be there, and the entry that says so. */
export interface Expected {
  readonly file: FileEntry
  readonly entry: TableEntry
  readonly name: string
}

/** By key and SHA-256: a file that replaces another under its key is another one. */
export type ExpectedFiles = ReadonlyMap<string, Expected>

/** Of every day, and of what is current; a day that is being removed is not waited for. */
export function expectedFiles({ state, manifests }: WarehouseView): ExpectedFiles {
  const all = new Map<string, Expected>()
  const going = new Set(state?.pruned.flatMap(({ keys }) => keys))
  const add = (tables: DayManifest['tables']) => {
    for (const [name, entry] of Object.entries(tables))
      for (const file of entry.files)
        if (!going.has(file.key)) all.set(`${file.key} ${file.sha256}`, { file, entry, name })
  }
  for (const manifest of manifests.values()) add(manifest.tables)
  add(state?.tables ?? {})
  return all
}
