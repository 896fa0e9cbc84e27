import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import type { Manifest } from './workspace.ts'

/** A package as npm would get it. */
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
  /** Of the machine that built it: nothing that is published may name it. */
  readonly root: string
}

/** All that a package may hold: whatever else is in it, a test, a fixture or a setting of a tool, got there by mistake. */
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dwh\.schema\.json)$/,
  /^bin\/[a-z-]+\.js$/,
  /^dist\/(?!.*\b(test|child|fixture)s?\b).+\.(js|js\.map|d\.ts)$/,
  /^dist\/testing\/index\.(js|js\.map|d\.ts)$/,
  /^dist\/third-party-notices\.txt$/,
  /^dist\/seed\/(sql|queries)\/[a-z0-9-]+\.sql$/,
]

const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/

/** What is wrong with a package, in words; nothing when a stranger can use it. */
export function problemsOf({ manifest, files }: Contents, environment: Environment): string[] {
  const paths = [...files.keys()]
  return [
    ...paths
      .filter((path) => !ALLOWED.some((pattern) => pattern.test(path)))
      .map((path) => `${path} should not be in it`),
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

/** Everything that can be imported or started is there. */
function entryProblems({ exports = {}, bin = {}, scripts = {} }: Manifest, files: Contents['files']): string[] {
  const targets = Object.values(exports).flatMap(({ types, default: code }) => [types, code])
  return [
    ...[...targets, ...Object.values(bin)]
      .filter((target) => !files.has(posix.normalize(target)))
      .map((target) => `${target} is named and not there`),
    ...Object.values(bin)
      .filter((target) => !files.get(posix.normalize(target))?.startsWith('#!/usr/bin/env node\n'))
      .map((target) => `${target} cannot be started: its first line does not name node`),
    ...Object.keys(scripts)
      .filter((name) => name !== 'build')
      .map((name) => `script ${name}: nothing may run where it is installed`),
  ]
}

/** What is installed with it is what it was tested with. */
function dependencyProblems(manifest: Manifest, versions: Environment['versions']): string[] {
  return Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies }).flatMap(([name, version]) => {
    if (!EXACT.test(version)) return [`${name}@${version} is no exact version`]
    const published = versions.get(name)
    if (name.startsWith('@dwh/') && published !== version)
      return [`${name}@${version}: what is published with it is ${published ?? 'nothing'}`]
    return []
  })
}

const IMPORT = /^(?:import|export)\b[^'"`;]*?\bfrom ?['"]([^'".][^'"]*)['"]|^import ?['"]([^'".][^'"]*)['"]/gm

/** What its code and its types import is installed with it. */
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
      return [`${path} has types of ${wanted}, and ${types} is not installed with it`]
    return []
  })
}

/** Packages that we use whose types are another package. */
const TYPED_ELSEWHERE: ReadonlySet<string> = new Set(['pg', 'pg-cursor', 'pg-copy-streams', 'proxy-from-env'])

/** A stack trace and a debugger find the source: it is in the map, since it is not in the package. */
function mapProblems(path: string, files: Contents['files']): string[] {
  const text = files.get(`${path}.map`)
  if (text === undefined) return [`${path} has no source map`]
  const { sources, sourcesContent = [] }: { sources: string[]; sourcesContent?: (string | null)[] } = JSON.parse(text)
  const name = posix.basename(path)
  return [
    ...(files.get(path)?.includes(`//# sourceMappingURL=${name}.map`) ? [] : [`${path} does not name its source map`]),
    // of other people's packages there is what they publish
    ...sources
      .filter((source, i) => typeof sourcesContent[i] !== 'string' && !source.includes('node_modules/'))
      .map((source) => `${path}.map has no text of ${source}`),
    ...sources.filter((source) => /\.test\.ts$/.test(source)).map((source) => `${path} has a test in it: ${source}`),
  ]
}
