import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ColumnType, EtlState } from '@dwh/core'
import { builtProgram, type TestDatabase, temporaryFolder } from '@dwh/test-kit'
import type { File } from './values.ts'

const run = promisify(execFile)

export interface MadeWarehouse {
  readonly folder: string
  /** What `dwh run` said; an error is no failure of the test. */
  readonly said: string
  /** The published files, by table. */
  readonly files: Readonly<Record<string, File>>
}

/** A real `dwh run` in a folder of its own, with this `dwh.yaml`. */
export async function makeWarehouse(database: TestDatabase, settings: object): Promise<MadeWarehouse> {
  const folder = await temporaryFolder()
  // YAML is a superset of JSON
  await writeFile(join(folder, 'dwh.yaml'), JSON.stringify(settings))
  const env = { PATH: process.env.PATH, HOME: folder, DATABASE_URL: database.url }
  const command = [await builtProgram('dwh'), 'run']
  const said = await run(process.execPath, command, { cwd: folder, env, maxBuffer: 1e8 }).then(
    ({ stdout, stderr }) => stdout + stderr,
    ({ stdout, stderr }) => stdout + stderr,
  )
  const text = await readFile(join(folder, 'warehouse/etl.json'), 'utf8').catch(() => null)
  const { tables }: Pick<EtlState, 'tables'> = text === null ? { tables: {} } : JSON.parse(text)
  const files = Object.entries(tables).map(
    ([
      name,
      {
        files: [file],
        columns,
      },
    ]): [string, File] => {
      const types = columns
        .filter((column) => column.name !== 'id')
        .map((column) => [column.name, column.type as ColumnType])
      return [name, { path: join(folder, 'warehouse', file?.key ?? ''), types: Object.fromEntries(types) }]
    },
  )
  return { folder, said, files: Object.fromEntries(files) }
}
