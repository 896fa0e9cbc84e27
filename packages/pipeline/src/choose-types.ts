import {
  type ColumnChoice,
  DwhError,
  didYouMean,
  encodingOf,
  type SelectionSettings,
  type SourceColumn,
} from '@dwh/core'

export interface TypeChoice {
  /** The type as the settings spell it. */
  readonly key: string
  readonly storeAs: ColumnChoice
}

/** The chosen storage of each type in the settings, by each of its names. */
export function typeChoices(
  types: SelectionSettings['types'] = {},
  typeNames?: readonly (readonly string[])[],
): ReadonlyMap<string, TypeChoice> {
  const choices = new Map<string, TypeChoice>()
  for (const [key, storeAs] of Object.entries(types)) {
    const wanted = key.toLowerCase()
    const found = typeNames?.filter((names) => names.includes(wanted)) ?? [[wanted]]
    if (found.length === 0) {
      throw new DwhError('CONFIG_INVALID', `types: ${JSON.stringify(key)}: the source has no such type`, {
        hint: `Name a type of the source, without precision, or remove the line.${didYouMean(wanted, typeNames?.flat() ?? [])}`,
      })
    }
    for (const name of found.flat()) {
      const other = choices.get(name)
      if (other && other.storeAs !== storeAs) {
        const both = `${JSON.stringify(other.key)} and ${JSON.stringify(key)}`
        throw new DwhError('CONFIG_INVALID', `types: ${both} are both ${name}, but are stored differently`, {
          hint: 'Remove one of them. For a single column, use tables: <name>: columns: types.',
        })
      }
      choices.set(name, { key, storeAs })
    }
  }
  return choices
}

export interface ChosenColumn {
  readonly column: SourceColumn
  /** What the settings choose for it, or for its type; null for nothing. */
  readonly choice: ColumnChoice | null
}

/** The column with the storage that the settings choose. */
export function chosen(
  column: SourceColumn,
  table: string,
  types: Readonly<Record<string, ColumnChoice>>,
  ofTypes: ReadonlyMap<string, TypeChoice>,
): ChosenColumn {
  const own = Object.hasOwn(types, column.name) ? types[column.name] : undefined
  const ofType = ofTypes.get((column.sourceType ?? '').replace(/\(.*?\)/, '').toLowerCase())
  const storeAs = own ?? ofType?.storeAs
  if (storeAs === undefined) return { column, choice: null }
  const choice = storeAs
  if (storeAs === 'default') return { column, choice }
  const where = own ? `tables: ${table}: columns.types.${column.name}` : `types: ${ofType?.key}`
  const encoding = encodingOf(storeAs)
  if (encoding !== null)
    return { column: { ...column, storeAs: `encoding:${knownEncoding(column, encoding, where)}` }, choice }
  const allowed = column.allowedTypes?.[storeAs]
  if (allowed) return { column: { ...column, ...allowed, storeAs }, choice }
  // a column that is sent as text already may be set to text
  if (storeAs === 'text' && column.type === 'VARCHAR') return { column, choice }
  const known = Object.keys(column.allowedTypes ?? {})
  throw new DwhError('CONFIG_INVALID', `${where}: ${column.sourceType ?? column.type} cannot be stored as ${storeAs}`, {
    hint:
      known.length > 0 ? `Choose ${known.join(' or ')}.` : 'This type can be stored in one way only: remove the line.',
  })
}

/** Finds the source's name of an encoding, in any spelling. */
function knownEncoding({ encodings, sourceType, type }: SourceColumn, written: string, where: string): string {
  if (!encodings) {
    throw new DwhError('CONFIG_INVALID', `${where}: ${sourceType ?? type} has no encoding to choose`, {
      hint: 'Only texts of a database that is not in UTF8 have one: remove the line.',
    })
  }
  const plain = written.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const found = Object.hasOwn(encodings, plain) ? encodings[plain] : undefined
  if (found !== undefined) return found
  const names = [...new Set(Object.values(encodings))]
  throw new DwhError('CONFIG_INVALID', `${where}: the source does not know the encoding ${JSON.stringify(written)}`, {
    hint: `${didYouMean(written, names).trim() || 'Write an IANA name.'} Known encodings: ${names.join(', ')}. Or store the bytes: bytes.`,
  })
}
