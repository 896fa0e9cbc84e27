import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url))

/** The fields of a `package.json` that are used here. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, { readonly types: string; readonly default: string }>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly publishConfig?: Readonly<Record<string, unknown>>
  readonly scripts?: Readonly<Record<string, string>>
}

export interface PublicPackage {
  /** From the top of the repository: `packages/core`. */
  readonly folder: string
  readonly manifest: Manifest
}

export function readManifest(folder: string): Manifest & Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** Returns the public packages, which a release publishes, in the order of their names. */
export function listPublicPackages(root: string = ROOT): PublicPackage[] {
  return ['apps', 'packages']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
    .map((folder) => ({ folder, manifest: readManifest(join(root, folder)) }))
    .filter(({ manifest }) => manifest.private !== true)
    .sort((a, b) => a.manifest.name.localeCompare(b.manifest.name))
}

const root = readManifest(ROOT) as unknown as { packageManager: string; devDependencies: Record<string, string> }

/** Returns `pnpm@<version>`, as this repository pins it. */
export const PNPM: string = root.packageManager

/** Returns the version of a development tool of this repository. */
export function pinned(name: string): string {
  const version = root.devDependencies[name]
  if (version === undefined) throw new Error(`package.json pins no ${name}`)
  return version
}
