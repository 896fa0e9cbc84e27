import { mkdir, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { run } from './run.ts'
import { listPublicPackages, type Manifest, PNPM, readManifest } from './workspace.ts'

/** A packed package, as npm would receive it. */
export interface Packed {
  readonly name: string
  /** The tarball. */
  readonly path: string
  /** The folder of its unpacked content. */
  readonly folder: string
  /** Paths in that folder. */
  readonly files: readonly string[]
  /** Its manifest as published: with exact versions only. */
  readonly manifest: Manifest & Readonly<Record<string, unknown>>
}

/** Packs every public package of the workspace at `root` into `folder`, as it was built. */
export async function packAll(root: string, folder: string): Promise<Packed[]> {
  const names = listPublicPackages(root).map(({ manifest }) => manifest.name)
  const only = names.flatMap((name) => ['--filter', name])
  const answer = await run(
    ['npx', '--yes', PNPM, ...only, '--recursive', 'pack', '--pack-destination', folder, '--json'],
    { cwd: root },
  )
  const packed: { name: string; filename: string }[] = JSON.parse(answer)
  return Promise.all(packed.map(({ name, filename }) => unpack(name, filename, join(folder, name))))
}

async function unpack(name: string, path: string, folder: string): Promise<Packed> {
  await mkdir(folder, { recursive: true })
  await run(['tar', '-xzf', path, '--strip-components=1', '-C', folder], { cwd: folder })
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  return { name, path, folder, files: files.sort(), manifest: readManifest(folder) }
}
