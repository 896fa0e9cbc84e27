import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import type { Manifest } from './workspace.ts'

/** A package as npm would receive it. */
export interface Contents {
  readonly manifest: Manifest
  /** The text of each file, by its path. */
  readonly files: ReadonlyMap<string, string>
}

export interface Environment {
  /** The licence of the repository. */
  readonly license: string
  /** The versions that are published together, by name. */
  readonly versions: ReadonlyMap<string, string>
  /** The folder of the machine that built it. No published file may contain it. */
  readonly root: string
}

/** Files that a package may contain. Any other file, such as a test, a fixture or a tool's settings, is a mistake. */
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dwh\.schema\.json)$/,
  /^bin\/[a-z-]+\.js$/,
  /^dist\/(?!.*\b(test|child|fixture)s?\b).+\.(js|js\.map|d\.ts)$/,
  /^dist\/testing\/index\.(js|js\.map|d\.ts)$/,
  /^dist\/third-party-notices\.txt$/,
  /^dist\/seed\/(sql|queries)\/[a-z0-9-]+\.sql$/,
]

const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/

/** Returns the problems of a package, as texts; none if a user can use it. */
export function problemsOf({ manifest, files }: Contents, environment: Environment): string[] {
  const paths = [...files.keys()]
  return [
    ...paths
      .filter((path) => !ALLOWED.some((pattern) => pattern.test(path)))
      .map((path) => `${path} must not be in it`),
    ...['package.json', 'README.md', 'LICENSE'].filter((path) => !files.has(path)).map((path) => `no ${path}`),
    ...(files.get('LICENSE') === environment.license ? [] : ['its LICENSE is not that of the repository']),
    ...paths
      .filter((path) => files.get(path)?.includes(environment.root))
      .map((path) => `${path} names ${environment.root}`),
    ...entryProblems(manifest, files),
    ...dependencyProblems(manifest, environment.versions),
    ...[...files].flatMap(([path, text]) => importProblems(path, text, manifest)),
    ...paths
      .filter((path) => path.startsWith('dist/') && path.endsWith('.js'))
      .flatMap((path) => mapProblems(path, files)),
  ]
}

/** Checks that everything that can be imported or started exists. */
function entryProblems({ exports = {}, bin = {}, scripts = {} }: Manifest, files: Contents['files']): string[] {
  const targets = Object.values(exports).flatMap(({ types, default: code }) => [types, code])
  return [
    ...[...targets, ...Object.values(bin)]
      .filter((target) => !files.has(posix.normalize(target)))
      .map((target) => `${target} is named, but missing`),
    ...Object.values(bin)
      .filter((target) => !files.get(posix.normalize(target))?.startsWith('#!/usr/bin/env node\n'))
      .map((target) => `${target} cannot be started: its first line does not name node`),
    ...Object.keys(scripts)
      .filter((name) => name !== 'build')
      .map((name) => `script ${name}: no script may run when it is installed`),
  ]
}

/** Checks that dependencies have the exact versions with which the package was tested. */
function dependencyProblems(manifest: Manifest, versions: Environment['versions']): string[] {
  return Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies }).flatMap(([name, version]) => {
    if (!EXACT.test(version)) return [`${name}@${version} is not an exact version`]
    const published = versions.get(name)
    if (name.startsWith('@dwh/') && published !== version)
      return [`${name}@${version}: the version published with it is ${published ?? 'none'}`]
    return []
  })
}

const IMPORT = /^(?:import|export)\b[^'"`;]*?\bfrom ?['"]([^'".][^'"]*)['"]|^import ?['"]([^'".][^'"]*)['"]/gm

/** Checks that everything that its code and types import is a dependency. */
function importProblems(path: string, text: string, manifest: Manifest): string[] {
  if (!/\.(js|d\.ts)$/.test(path)) return []
  const { name, dependencies, optionalDependencies, peerDependencies } = manifest
  const there = [name, ...[dependencies, optionalDependencies, peerDependencies].flatMap((d) => Object.keys(d ?? {}))]
  const imported = [...text.matchAll(IMPORT)].map(([, from, bare]) => (from ?? bare) as string)
  return [...new Set(imported)].flatMap((specifier) => {
    if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return []
    const wanted = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] as string
    if (!there.includes(wanted)) return [`${path} imports ${wanted}, which is not installed with it`]
    const types = `@types/${wanted.replace(/^@(.*)\//, '$1__')}`
    if (path.endsWith('.d.ts') && TYPED_ELSEWHERE.has(wanted) && !there.includes(types))
      return [`${path} uses types of ${wanted}, but ${types} is not installed with it`]
    return []
  })
}

/** Dependencies whose types are in another package. */
const TYPED_ELSEWHERE: ReadonlySet<string> = new Set(['pg', 'pg-cursor', 'pg-copy-streams', 'proxy-from-env'])

/** Checks that source maps contain the sources, which are not in the package, for stack traces and debuggers. */
function mapProblems(path: string, files: Contents['files']): string[] {
  const text = files.get(`${path}.map`)
  if (text === undefined) return [`${path} has no source map`]
  const { sources, sourcesContent = [] }: { sources: string[]; sourcesContent?: (string | null)[] } = JSON.parse(text)
  const name = posix.basename(path)
  return [
    ...(files.get(path)?.includes(`//# sourceMappingURL=${name}.map`) ? [] : [`${path} does not name its source map`]),
    // third-party packages may lack sources in their maps
    ...sources
      .filter((source, i) => typeof sourcesContent[i] !== 'string' && !source.includes('node_modules/'))
      .map((source) => `${path}.map has no text of ${source}`),
    ...sources.filter((source) => /\.test\.ts$/.test(source)).map((source) => `${path} has a test in it: ${source}`),
  ]
}
