import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type DwhSettings, runDwh } from './dwh.ts'
import { type ProcessFigures, runNode } from './run-program.ts'

export interface Job {
  readonly url: string
  /** An empty folder for the output. */
  readonly folder: string
  readonly tables: readonly string[]
}

export interface Contender {
  readonly name: string
  /** `floor` writes no files. A failure of an `other` does not invalidate the bench. */
  readonly kind: 'floor' | 'baseline' | 'dwh' | 'other'
  /** Why it is not measured. */
  readonly unavailable?: string
  run?(job: Job): Promise<ProcessFigures | Pick<ProcessFigures, 'wallSeconds'>>
}

/** The names by which the figures look up results. */
export const NAMES = {
  floor: 'server: COPY to /dev/null',
  naive: 'naive pipeline',
  tenLines: 'ten lines of DuckDB',
  rowsCounts: 'dwh, rows, counts',
  copyCounts: 'dwh, copy, counts',
  copyColumns: 'dwh, copy, columns',
  nativeCounts: 'dwh, native, counts',
  nativeColumns: 'dwh, native, columns',
  asItComes: 'dwh, as it comes',
} as const

const NAIVE = fileURLToPath(new URL('./naive-pipeline.js', import.meta.url))
const TEN_LINES = fileURLToPath(new URL('./ten-lines.js', import.meta.url))

/** DuckDB's extensions, or why they are missing. */
export type Extensions = { readonly folder: string } | { readonly missing: string }

/**
 * Returns everything that is measured except other tools. `dwh` is measured as `dwh run`: plan, read, write, prove,
 * hash, sync, commit.
 */
export function contenders(extensions: Extensions): Contender[] {
  const missing = 'missing' in extensions ? extensions.missing : undefined
  const folder = 'folder' in extensions ? extensions.folder : ''
  const native: DwhSettings = { extract: 'native', extensions: folder }
  return [
    { name: NAMES.floor, kind: 'floor', run: serverCopies },
    {
      name: NAMES.naive,
      kind: 'baseline',
      run: ({ url, folder, tables }) =>
        runNode({ command: [NAIVE, folder, ...tables], cwd: folder, env: { DATABASE_URL: url } }),
    },
    unless(missing, {
      name: NAMES.tenLines,
      kind: 'baseline',
      run: (job) =>
        runNode({
          command: [TEN_LINES, job.folder, folder, ...job.tables],
          cwd: job.folder,
          env: { DATABASE_URL: job.url },
        }),
    }),
    dwh(NAMES.rowsCounts, { extract: 'rows', verify: 'counts' }),
    dwh(NAMES.copyCounts, { extract: 'copy', verify: 'counts' }),
    dwh(NAMES.copyColumns, { extract: 'copy', verify: 'columns' }),
    unless(missing, dwh(NAMES.nativeCounts, { ...native, verify: 'counts' })),
    unless(missing, dwh(NAMES.nativeColumns, { ...native, verify: 'columns' })),
    dwh(NAMES.asItComes, missing ? {} : { extensions: folder }),
  ]
}

function dwh(name: string, settings: DwhSettings): Contender {
  return { name, kind: 'dwh', run: ({ url, folder }) => runDwh(folder, url, settings) }
}

function unless(unavailable: string | undefined, contender: Contender): Contender {
  return unavailable === undefined ? contender : { name: contender.name, kind: contender.kind, unavailable }
}

/**
 * Measures the floor: no reader over one connection can be faster in CSV. Times only the statements, since connecting
 * is not the server's work.
 */
async function serverCopies({ url, tables }: Job): Promise<{ wallSeconds: number }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const startedAt = performance.now()
    for (const table of tables) await client.query(`COPY (SELECT * FROM ${table}) TO '/dev/null' (FORMAT csv)`)
    return { wallSeconds: (performance.now() - startedAt) / 1000 }
  } finally {
    await client.end()
  }
}
