import type { DayManifest, FileEntry, TableEntry } from '@dwh/core'
import type { WarehouseView } from './read-warehouse.ts'

/** A file that must exist, and the entry that lists it. */
export interface Expected {
  readonly file: FileEntry
  readonly entry: TableEntry
  readonly name: string
}

/** By key and SHA-256: up to version 3, a file could replace another under the same key. */
export type ExpectedFiles = ReadonlyMap<string, Expected>

/** Lists the files of every day and of the current tables. */
export function expectedFiles({ state, manifests }: Pick<WarehouseView, 'state' | 'manifests'>): ExpectedFiles {
  const all = new Map<string, Expected>()
  const going = new Set(state?.older?.pruned.flatMap(({ keys }) => keys))
  const add = (tables: DayManifest['tables']) => {
    for (const [name, entry] of Object.entries(tables))
      for (const file of entry.files)
        if (!going.has(file.key)) all.set(`${file.key} ${file.sha256}`, { file, entry, name })
  }
  for (const manifest of manifests.values()) add(manifest.tables)
  add(state?.tables ?? {})
  return all
}
