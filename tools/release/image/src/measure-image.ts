import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'
import { type Engine, engineCall } from './engine.ts'

const run = promisify(execFile)

export interface ImageSize {
  /** Compressed bytes of each layer that the base lacks, which has to be downloaded in addition. */
  readonly added: readonly number[]
  readonly total: number
}

/**
 * Measures how much an image adds to its base, each layer compressed as in a registry: gzip, level 6. Temporary files
 * go to `folder`.
 */
export async function measureImage(engine: Engine, image: string, base: string, folder: string): Promise<ImageSize> {
  const known = await layersOf(engine, base)
  const layers = await layersOf(engine, image)
  const format = engine.name.startsWith('podman') ? ['--format', 'docker-archive'] : []
  const archive = join(folder, 'image.tar')
  await engineCall(engine, ['save', ...format, '--output', archive, image])
  await run('tar', ['-xf', archive, '-C', folder])
  const [{ Layers }] = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as [{ Layers: string[] }]
  const added: number[] = []
  for (const [i, file] of Layers.entries()) if (layers[i] !== known[i]) added.push(await gzipBytes(join(folder, file)))
  return { added, total: added.reduce((sum, bytes) => sum + bytes, 0) }
}

async function layersOf(engine: Engine, image: string): Promise<string[]> {
  return JSON.parse(await engineCall(engine, ['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image]))
}

async function gzipBytes(path: string): Promise<number> {
  let bytes = 0
  await pipeline(createReadStream(path), createGzip({ level: 6 }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) bytes += chunk.length
  })
  return bytes
}
