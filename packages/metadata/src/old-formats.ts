/*
 * The names of versions 1 and 2 of the format, and the fields of versions 1 to 3. They are converted before any other
 * code reads them, so that the rest of the code knows version 4 only. Footers of Parquet files keep the names of the
 * version that wrote them for ever.
 */

/**
 * The version of `etl.json`, manifests, records and footers that this program writes. It reads all versions up to it.
 */
export const FORMAT_VERSION = 4

type Fields = Record<string, unknown>

/** Converts a table's entry to the names of version 4. */
export function upgradeEntry<T extends object>(entry: T): T {
  const table = renamed(entry as Fields, { fidelity: 'lossy_conversions' })
  replace(table, 'snapshot', (snapshot) => renamed(snapshot, { lsn: 'position' }))
  replace(table, 'proof', (proof) => (proof.level === 'deep' ? { ...proof, level: 'hash' } : proof))
  replace(table, 'lossy_conversions', (columns) =>
    mapped(columns, (column) => (column.choice === 'or-null' ? { ...column, choice: 'nullify' } : column)),
  )
  if (Array.isArray(table.columns))
    table.columns = table.columns.map((column: unknown) =>
      isFields(column) && column.stored_as === 'or-null' ? { ...column, stored_as: 'nullify' } : column,
    )
  return table as T
}

/** Converts a footer to version 4: version 1 named the tables of the run in it. */
export function upgradeFooter<T extends object>(footer: T): T {
  const { tables: _, ...others } = upgradeEntry(footer) as T & { tables?: unknown }
  return others as T
}

/** Converts `etl.json` or the manifest of a day to version 4. */
export function upgradeState(state: Fields): Fields {
  const found = renamed(state, { epoch: 'fencing_token', kept: 'retained' })
  if (Array.isArray(found.retained))
    found.retained = found.retained.map((file: unknown) =>
      isFields(file) ? renamed(file, { kept: 'retained_as' }) : file,
    )
  replace(found, 'tables', (tables) => mapped(tables, upgradeEntry))
  // a manifest has none of them
  if (!Object.hasOwn(found, 'publishing')) return found
  const { publishing, retained, pruned = [], ...others } = found
  return { ...others, months: {}, copies_pending: [], retired: [], older: { publishing, retained, pruned } }
}

/** Converts a run's record to the names of version 4. */
export function upgradeRecord(record: Fields): Fields {
  const found = { ...record }
  replace(found, 'tables', (tables) => mapped(tables, (table) => renamed(table, { door: 'method' })))
  return found
}

/** Renames some fields and keeps their order. */
function renamed(fields: Fields, names: Readonly<Record<string, string>>): Fields {
  const called = (name: string) => (Object.hasOwn(names, name) ? (names[name] as string) : name)
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [called(name), value]))
}

function mapped(fields: Fields, change: (value: Fields) => Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isFields(value) ? change(value) : value]),
  )
}

function replace(fields: Fields, name: string, change: (value: Fields) => Fields): void {
  const value = fields[name]
  if (isFields(value)) fields[name] = change(value)
}

/** Tells an object with fields from any other JSON value. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
