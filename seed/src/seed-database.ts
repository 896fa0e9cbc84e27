import { DwhError } from '@dwh/core'
import { readSqlFiles, SEED_FOLDER } from './seed-files.ts'

export interface SeedOptions {
  /** The number of the example: the same number gives the same rows. A whole number from 0. Default 1. */
  readonly number?: number | undefined
  /** Multiple of 50 customers, about 120 orders and 650 events. A whole number from 1 to `MAX_SCALE`. Default 1. */
  readonly scale?: number | undefined
  /** A folder with `sql/` and `queries/`. Default: this package's own. */
  readonly folder?: string | undefined
}

/** Half a million customers, 6.5 million events. */
export const MAX_SCALE = 10_000

/**
 * Makes the tables customers, orders and events and fills them. Replaces an earlier example. If another table has one
 * of these names, the seeding fails and changes nothing. `query` is called once, with several statements, which
 * Postgres runs as one transaction. Errors of `query` are passed on.
 *
 * @example
 * await seedDatabase((sql) => client.query(sql), { scale: 10 })
 * @throws DwhError CONFIG_INVALID for an option out of range, or a folder without the files
 */
export async function seedDatabase(query: (sql: string) => Promise<unknown>, options: SeedOptions = {}): Promise<void> {
  const number = wholeNumber('number', options.number ?? 1, 0, Number.MAX_SAFE_INTEGER)
  const scale = wholeNumber('scale', options.scale ?? 1, 1, MAX_SCALE)
  const files = await readSqlFiles(options.folder ?? SEED_FOLDER, 'sql')
  await query(
    [
      `SET LOCAL seed.number = '${number}';\nSET LOCAL seed.scale = '${scale}';`,
      ...files.map((file) => file.text),
    ].join('\n'),
  )
}

function wholeNumber(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new DwhError('CONFIG_INVALID', `seed ${option} ${String(value)}: not a whole number from ${least} to ${most}`, {
    hint: `Give a whole number, for example ${option}: ${least + 1}.`,
    context: { option, value: String(value) },
  })
}
