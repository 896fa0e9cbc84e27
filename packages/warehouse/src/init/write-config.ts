import { withDefaults } from '@dwh/config'
import { exactPattern, formatTableName, printable, type TableSchema } from '@dwh/core'
import { formatBytes, formatCount, plural } from '../units.ts'
import type { SourceLook } from './look-at-source.ts'
import type { Proposal } from './propose.ts'

/** Where the settings are, as they are written down. */
export interface Places {
  /** A value of `source`, in which placeholders are meant; null for the `PG*` variables. */
  readonly source: string | null
  /** Said above it. */
  readonly sourceNote: string | null
  readonly storage: string
  /** Keys and values of `s3`, without credentials. */
  readonly s3: Readonly<Record<string, string | boolean>>
  readonly timezone: string
  /** A path or URL of the JSON Schema. */
  readonly schema: string
}

/** The largest tables that a comment names. */
const SHOWN = 5

/** The text of a `dwh.yaml` that says what was found and what is proposed. Nothing in it depends on the time. */
export function configText(places: Places, look: SourceLook, proposal: Proposal): string {
  const { server, database, version, timeZone } = look
  const source =
    places.source === null
      ? ['# source: from the PG* variables of the environment']
      : [`source: ${scalar(places.source, { placeholders: true })}`]
  return [
    `# yaml-language-server: $schema=${places.schema}`,
    ...comment(`Made by \`dwh init\` of database ${database} at ${server}, Postgres ${version}.`),
    ...comment(
      '`dwh plan` shows what a run would do, `dwh doctor` what does not work. Any key may go: all have a default.',
    ),
    '',
    ...(places.sourceNote === null ? [] : comment(places.sourceNote)),
    ...source,
    `storage: ${scalar(places.storage)}`,
    ...s3Lines(places.s3),
    '',
    ...comment(`Whose midnight ends a day, an IANA name. The server's own is ${timeZone}.`),
    `timezone: ${scalar(places.timezone)}`,
    '',
    ...comment('Tables read at once, each on a connection of its own beside the one that holds the snapshot.'),
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
      'Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of the machine.',
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
    ...(nameable.length > 0 ? comment('views and foreign tables are read when they are named:', '  ') : []),
    ...nameable.map((table) => `  # - ${scalar(exactPattern(table))}`),
    '',
    ...(excluded.length + storedTwice.length === 0
      ? [...comment('Tables to leave out, by pattern.'), '# exclude: ["*_log"]']
      : [
          'exclude:',
          ...excluded.flatMap(({ table, reason }) => [...comment(reason, '  '), `  - ${scalar(exactPattern(table))}`]),
          ...storedTwice.flatMap(({ parent, patterns }) => [
            ...comment(`${formatTableName(parent)} includes these rows, which inherit from it: read once`, '  '),
            ...patterns.map((pattern) => `  - ${scalar(pattern)}`),
          ]),
        ]),
  ]
}

function credentialLines({ credentials }: Proposal): string[] {
  if (credentials.length === 0) return []
  return [
    '',
    ...comment('These columns look like credentials. They are read, unless you take away the #:'),
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

/** One line, whatever is in it. */
function comment(text: string, indent = ''): string[] {
  return [`${indent}# ${printable(text)}`]
}

/**
 * A text as a YAML scalar that reads back as this text: plain where that is beyond doubt, else in double quotes, of which those of JSON are a part
 * (YAML 1.2, 5.7). `${` is doubled, unless a placeholder is meant.
 */
export function scalar(text: string, { placeholders = false }: { readonly placeholders?: boolean } = {}): string {
  if (placeholders && /^\$\{\w+\}$/.test(text)) return text
  const written = placeholders ? text : text.replaceAll('${', () => '$${')
  const plain = /^(?:\.{0,2}\/|[A-Za-z_])[A-Za-z0-9_./:-]*$/.test(written) && !RESERVED.test(written)
  return plain ? written : JSON.stringify(written)
}

/** Plain, they are something else to YAML 1.1 or 1.2. */
const RESERVED = /:$|^(?:true|false|null|yes|no|on|off|y|n)$/i
