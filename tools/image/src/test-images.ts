import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { buildContext } from './build-context.ts'
import { buildImage } from './build-image.ts'
import { type Engine, findEngine } from './engine.ts'

export interface TestImages {
  readonly engine: Engine
  /** Without DuckDB's extensions. */
  readonly plain: string
  /** With them, from files in `docker/extensions`. */
  readonly extended: string
}

/** Builds the image of this checkout in both ways; what has not changed since comes from the engine's own cache. */
export async function testImages(): Promise<TestImages> {
  const engine = await findEngine()
  console.log(`engine: ${engine.name}`)
  const folder = await mkdtemp(join(tmpdir(), 'dwh-image-'))
  try {
    await buildContext(folder, await extensionFiles())
    const [plain, extended] = ['localhost/dwh:test', 'localhost/dwh:test-extensions'] as const
    const labels = { VERSION: '1.2.3', REVISION: 'abc', SOURCE: 'https://example.com/dwh' }
    await buildImage(engine, { tag: plain, context: folder, args: { ...labels, EXTENSIONS: 'none' } })
    await buildImage(engine, { tag: extended, context: folder, args: { ...labels, EXTENSIONS: 'required' } })
    return { engine, plain, extended }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function extensionFiles(): Promise<string[]> {
  const folder = await duckdbExtensions()
  const files = await readdir(folder, { recursive: true })
  return files
    .filter((file) => /(postgres_scanner|httpfs)\.duckdb_extension$/.test(file))
    .map((file) => join(folder, file))
}
