import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Reader } from '@dwh/core'
import { javaHome, pythonEnvironment } from '@dwh/test-kit'
import { hyparquetValues } from './hyparquet-values.ts'
import type { ReadFiles } from './values.ts'

const run = promisify(execFile)
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** A program that is tried, with its version. DuckDB itself is what they are compared with. */
export interface Engine {
  readonly reader: Reader
  /** For the page. */
  readonly title: string
  readonly read: ReadFiles
}

/** In the order in which a smaller size takes them: those first that need nothing, or little. */
export const ENGINES: readonly Engine[] = [
  { reader: 'hyparquet', title: 'hyparquet 1.31', read: hyparquetValues },
  { reader: 'polars', title: 'polars 2.1', read: inPython('polars') },
  { reader: 'pyarrow', title: 'pyarrow 26', read: inPython('pyarrow') },
  { reader: 'pandas', title: 'pandas 3.1', read: inPython('pandas') },
  { reader: 'datafusion', title: 'DataFusion 55', read: inPython('datafusion') },
  { reader: 'clickhouse', title: 'ClickHouse 26.9', read: inPython('clickhouse') },
  { reader: 'spark', title: 'Spark 4.3', read: inPython('spark') },
]

/** The Python of an environment with exactly the packages of one engine. */
export async function pythonWith(engine: string): Promise<string> {
  const requirements = await readFile(here(`../requirements/${engine}.txt`), 'utf8')
  return join(await pythonEnvironment(`reader-${engine}`, requirements), 'bin/python')
}

/** The environment of a program that uses the engine. */
export async function variablesFor(engine: string): Promise<NodeJS.ProcessEnv> {
  const java = engine === 'spark' ? await javaHome() : null
  // Python shows an instant of Spark in the zone of the process
  return { ...process.env, TZ: 'UTC', PYTHONDONTWRITEBYTECODE: '1', ...(java === null ? {} : { JAVA_HOME: java }) }
}

function inPython(engine: string): ReadFiles {
  return async (files) => {
    const python = await pythonWith(engine)
    const reading = run(python, [here('read_values.py'), engine], { env: await variablesFor(engine), maxBuffer: 1e8 })
    reading.child.stdin?.end(JSON.stringify(files))
    const { stdout } = await reading
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  }
}
