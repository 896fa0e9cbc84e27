import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { startTunedServer } from '@dwh/test-kit/server'
import pg from 'pg'
import { conditions } from './conditions.ts'
import { contenders, type Extensions } from './contenders.ts'
import { dataSets } from './data-sets.ts'
import { figuresToReach, whatIsInvalid } from './figures.ts'
import { measureDataSet } from './measure-data-set.ts'
import { otherTools } from './other-tools.ts'
import { report } from './report.ts'
import type { DataSetResults } from './results.ts'
import { replaceResults } from './results-block.ts'

const HELP = `pnpm bench [options]

Measures how fast dwh and other programs read tables of a Postgres server that it starts, and prints medians, ratios and
whether the goals are met. The machine should be idle otherwise.

  --only <data set>   measure only this data set; may be repeated
  --quick             a fiftieth of the rows and one round, to see whether the bench works
  --shrink <n>        1/n of the rows
  --rounds <n>        number of runs of each contender
  --write             write the results to docs/performance.md; for the whole bench only
  --json <file>       write every single run to a file

Exit code: 0 measured, whether or not the goals are met; 1 something failed, or a baseline is invalid; 2 wrong usage.`

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    shrink: { type: 'string' },
    rounds: { type: 'string' },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const PAGE = new URL('../../docs/performance.md', import.meta.url)
const QUICK_SHRINK = 50

const shrink = Number(flags.shrink ?? (flags.quick ? QUICK_SHRINK : 1))
const rounds = flags.rounds ?? (flags.quick ? '1' : undefined)
const names = dataSets(shrink).map(({ name }) => name)
const unknown = flags.only?.find((name) => !names.includes(name))
if (flags.help) console.log(HELP)
else if (unknown !== undefined) fail(`there is no data set ${unknown}; there are ${names.join(', ')}`)
else if (!(shrink >= 1) || (rounds !== undefined && !(Number(rounds) >= 1))) fail('expected a number of at least 1')
else if (flags.write && (shrink > 1 || flags.only)) fail('--write is for the whole bench, with all of the rows')
else await bench()

function fail(message: string): void {
  console.error(`bench: ${message}`)
  process.exitCode = 2
}

async function bench(): Promise<void> {
  const startedAt = new Date()
  const folder = await mkdtemp(join(tmpdir(), 'dwh-bench-'))
  // the server may run as another user
  await chmod(folder, 0o755)
  const server = await startTunedServer({ folder: join(folder, 'postgres'), settings: { max_wal_size: '8GB' } })
  try {
    const about = conditions({ startedAt, shrink, serverVersion: await serverVersion(server.url()) })
    const work = join(folder, 'work')
    await mkdir(work)
    const all = [...contenders(await extensions()), ...(await otherTools())]
    const results: DataSetResults[] = []
    for (const set of dataSets(shrink)) {
      if (flags.only && !flags.only.includes(set.name)) continue
      const options = { server, folder: work, contenders: all, rounds: Number(rounds ?? set.rounds) }
      results.push(await measureDataSet(set, { ...options, onProgress: (line) => console.error(line) }))
    }
    const invalid = whatIsInvalid(results, { fullSize: shrink === 1 })
    // the goals apply to the full number of rows
    const figures = figuresToReach(results).map((figure) => (shrink === 1 ? figure : { ...figure, met: null }))
    const text = report({ conditions: about, figures, dataSets: results, invalid })
    console.log(text)
    if (flags.json) await writeFile(flags.json, JSON.stringify(results, null, 2))
    if (flags.write) await writeFile(PAGE, replaceResults(await readFile(PAGE, 'utf8'), text))
    if (invalid.length) process.exitCode = 1
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function extensions(): Promise<Extensions> {
  try {
    return { folder: await duckdbExtensions() }
  } catch (error) {
    return {
      missing: `DuckDB's postgres extension could not be had: ${error instanceof Error ? error.message : error}`,
    }
  }
}

async function serverVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query('SHOW server_version')).rows[0].server_version
  } finally {
    await client.end()
  }
}
