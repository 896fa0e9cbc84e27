import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { buildContext } from './build-context.ts'
import { baseImage, buildImage, hasImage } from './build-image.ts'
import { type Engine, findEngine } from './engine.ts'

export interface TestImages {
  readonly engine: Engine
  /** The image without DuckDB's extensions. */
  readonly plain: string
  /** The image with them, from files in `docker/extensions`. */
  readonly extended: string
}

const LABELS = { VERSION: '1.2.3', REVISION: 'abc', SOURCE: 'https://example.com/dwh' }

/** Builds both images of this checkout, unless they are up to date. */
export async function testImages(): Promise<TestImages> {
  const engine = await findEngine()
  const folder = await mkdtemp(join(tmpdir(), 'dwh-image-'))
  try {
    await buildContext(folder, await extensionFiles())
    const version = (await hashOf(folder, await baseImage(engine))).slice(0, 12)
    console.log(`engine: ${engine.name}; checkout ${version} on ${await baseImage(engine)}`)
    const [plain, extended] = [`localhost/dwh:test-${version}`, `localhost/dwh:test-extensions-${version}`] as const
    for (const [tag, EXTENSIONS] of [
      [plain, 'none'],
      [extended, 'required'],
    ] as const)
      if (!(await hasImage(engine, tag)))
        await buildImage(engine, { tag, context: folder, args: { ...LABELS, EXTENSIONS } })
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

/** Returns a hash of the files from which an image is built. */
async function hashOf(folder: string, base: string): Promise<string> {
  const hash = createHash('sha256').update(base)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  // tests and pages are not part of it
  for (const file of files.filter((name) => !/\.test\.ts$|\.md$/.test(name)).sort())
    hash.update(`${file.slice(folder.length)}\n`).update(await readFile(file))
  return hash.digest('hex')
}
