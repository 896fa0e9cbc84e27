import { withDefaults } from '@dwh/config'
import { exactPattern, formatBytes, formatCount, formatTableName, plural, printable, type TableSchema } from '@dwh/core'
import type { SourceLook } from './look-at-source.ts'
import type { Proposal } from './propose.ts'

/** Values of the settings, as the file shows them. */
export interface Places {
  /** Value of `source`, which may contain placeholders; null for the `PG*` variables. */
  readonly source: string | null
  /** Comment above `source`. */
  readonly sourceNote: string | null
  readonly storage: string
  /** Keys and values of `s3`, without credentials. */
  readonly s3: Readonly<Record<string, string | boolean>>
  readonly timezone: string
  /** Path or URL of the JSON Schema. */
  readonly schema: string
}

/** Number of tables that a comment names, largest first. */
const SHOWN = 5

/** Writes the text of a `dwh.yaml` from the facts and the proposal. The text does not depend on the time. */
export function configText(places: Places, look: SourceLook, proposal: Proposal): string {
  const { server, database, version, timeZone } = look
  const source =
    places.source === null
      ? ['# source: from the PG* variables of the environment']
      : [`source: ${scalar(places.source, { placeholders: true })}`]
  return [
    `# yaml-language-server: $schema=${places.schema}`,
    ...comment(`Written by \`dwh init\` for database ${database} at ${server}, Postgres ${version}.`),
    ...comment('`dwh plan` shows what a run would do, `dwh doctor` finds problems. Every key is optional.'),
    '',
    ...(places.sourceNote === null ? [] : comment(places.sourceNote)),
    ...source,
    `storage: ${scalar(places.storage)}`,
    ...s3Lines(places.s3),
    '',
    ...comment(`Time zone that defines where a day begins and ends (IANA name). The server uses ${timeZone}.`),
    `timezone: ${scalar(places.timezone)}`,
    '',
    ...comment('Tables read in parallel, each on its own connection. One more connection holds the snapshot.'),
    `# parallel: ${withDefaults('', {}).parallel}`,
    '',
    ...tableLines(proposal),
    ...credentialLines(proposal),
  ]
    .join('\n')
    .concat('\n')
}

function s3Lines(s3: Places['s3']): string[] {
  const keys = Object.entries(s3)
  if (keys.length === 0) return []
  return [
    's3:',
    ...comment(
      'Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of the machine.',
      '  ',
    ),
    ...keys.map(([key, value]) => `  ${key}: ${typeof value === 'boolean' ? value : scalar(value)}`),
  ]
}

function tableLines({ tables, nameable, excluded, storedTwice }: Proposal): string[] {
  const bytes = tables.reduce((sum, { estimatedBytes = 0 }) => sum + estimatedBytes, 0)
  const sizes = tables.slice(0, SHOWN).map((table) => `  ${formatTableName(table)}: ${sizeOf(table)}`)
  const what = `${plural(tables.length, 'table')}, about ${formatBytes(bytes)} in Postgres`
  return [
    ...comment(tables.length > SHOWN ? `${what}; the largest:` : `${what}${tables.length > 0 ? ':' : ''}`),
    ...sizes.flatMap((line) => comment(line)),
    'include:',
    '  - "*"',
    ...(nameable.length > 0 ? comment('views and foreign tables are read only if they are named:', '  ') : []),
    ...nameable.map((table) => `  # - ${scalar(exactPattern(table))}`),
    '',
    ...(excluded.length + storedTwice.length === 0
      ? [...comment('Patterns of tables to leave out.'), '# exclude: ["*_log"]']
      : [
          'exclude:',
          ...excluded.flatMap(({ table, reason }) => [...comment(reason, '  '), `  - ${scalar(exactPattern(table))}`]),
          ...storedTwice.flatMap(({ parent, patterns }) => [
            ...comment(`inherit from ${formatTableName(parent)}, which is read with their rows`, '  '),
            ...patterns.map((pattern) => `  - ${scalar(pattern)}`),
          ]),
        ]),
  ]
}

function credentialLines({ credentials }: Proposal): string[] {
  if (credentials.length === 0) return []
  return [
    '',
    ...comment('These columns look like credentials. They are read unless you remove the #:'),
    '# tables:',
    ...credentials.flatMap(({ table, columns }) => [
      `#   ${scalar(formatTableName(table))}:`,
      '#     columns:',
      `#       exclude: [${columns.map((column) => scalar(column)).join(', ')}]`,
    ]),
  ]
}

function sizeOf({ estimatedBytes, estimatedRows }: TableSchema): string {
  if (estimatedBytes === undefined) return 'never analysed, or empty'
  return `${formatBytes(estimatedBytes)}${estimatedRows === undefined ? '' : `, about ${formatCount(estimatedRows)} rows`}`
}

/** Writes a text as one comment line. */
function comment(text: string, indent = ''): string[] {
  return [`${indent}# ${printable(text)}`]
}

/**
 * Writes a text as a YAML scalar that reads back as the same text: plain if that is certainly safe, else in double
 * quotes with JSON escapes, which YAML includes (YAML 1.2, 5.7). `${` is doubled, unless a placeholder is meant.
 */
export function scalar(text: string, { placeholders = false }: { readonly placeholders?: boolean } = {}): string {
  if (placeholders && /^\$\{\w+\}$/.test(text)) return text
  const written = placeholders ? text : text.replaceAll('${', () => '$${')
  const plain = /^(?:\.{0,2}\/|[A-Za-z_])[A-Za-z0-9_./:-]*$/.test(written) && !RESERVED.test(written)
  return plain ? written : JSON.stringify(written)
}

/** Unquoted, YAML 1.1 or 1.2 reads these as something else. */
const RESERVED = /:$|^(?:true|false|null|yes|no|on|off|y|n)$/i
