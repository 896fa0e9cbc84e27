import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'
import { type Engine, engineCall } from './engine.ts'

const run = promisify(execFile)

export interface ImageSize {
  /** Compressed bytes of each layer that the base does not have: what has to be fetched beside it. */
  readonly added: readonly number[]
  readonly total: number
}

/** How much an image adds to its base, each layer compressed as a registry would have it: gzip, level 6. What it needs for that is put into `folder`. */
export async function measureImage(engine: Engine, image: string, base: string, folder: string): Promise<ImageSize> {
  const layersOf = async (name: string) => {
    const place = join(folder, name.replaceAll(/\W/g, '_'))
    await mkdir(place)
    const format = engine.name.startsWith('podman') ? ['--format', 'docker-archive'] : []
    await engineCall(engine, ['save', ...format, '--output', `${place}.tar`, name])
    await run('tar', ['-xf', `${place}.tar`, '-C', place])
    const [{ Config, Layers }] = JSON.parse(await readFile(join(place, 'manifest.json'), 'utf8')) as [
      { Config: string; Layers: string[] },
    ]
    const config = JSON.parse(await readFile(join(place, Config), 'utf8')) as { rootfs: { diff_ids: string[] } }
    return config.rootfs.diff_ids.map((id, i) => ({ id, file: join(place, Layers[i] as string) }))
  }
  const known = new Set((await layersOf(base)).map(({ id }) => id))
  const added: number[] = []
  for (const { id, file } of await layersOf(image)) if (!known.has(id)) added.push(await gzipBytes(file))
  return { added, total: added.reduce((sum, bytes) => sum + bytes, 0) }
}

async function gzipBytes(path: string): Promise<number> {
  let bytes = 0
  await pipeline(createReadStream(path), createGzip({ level: 6 }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) bytes += chunk.length
  })
  return bytes
}
