import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Options } from 'tsup'

/**
 * Makes an import of a workspace package reach only the files that export the imported names, not every file that its
 * `index.ts` mentions. esbuild puts all files that can be reached by static imports into what a program loads at its
 * start: through an index, that would be DuckDB and the Postgres driver, even for `--version`.
 */
export const namedImports: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'named imports',
  setup(build) {
    build.onResolve({ filter: /^@dwh\// }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === RESOLVED) return undefined
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: RESOLVED })
      if (found.errors.length > 0 || kind !== 'import-statement' || !found.path.endsWith('.ts')) return found
      const text: string = pluginData?.contents ?? (await readFile(importer, 'utf8'))
      const names = namesFrom(text, path)
      // another form of import, such as that of a namespace, reaches all of the index
      if (names.length === 0) return found
      const contents = onlyNames(await readFile(found.path, 'utf8'), names)
      return { path: found.path, suffix: `?${names.join()}`, sideEffects: false, pluginData: { contents } }
    })
    build.onLoad({ filter: /\.ts$/ }, ({ path, suffix, pluginData }) =>
      suffix === '' ? undefined : { ...pluginData, loader: 'ts', resolveDir: dirname(path), pluginData },
    )
  },
}

const RESOLVED = 'resolved'

/** Returns the names of values that a file imports, or passes on, from a package. */
export function namesFrom(text: string, from: string): string[] {
  const statements = [...text.matchAll(STATEMENT)].filter((match) => match[3] === from)
  return [
    ...new Set(statements.flatMap(([, , list = '']) => valuesIn(list).map((name) => name.replace(/ as .*$/, '')))),
  ]
}

/** Returns the text of an index that exports only these names. Anything but `export ... from` stays. */
export function onlyNames(text: string, names: readonly string[]): string {
  return text
    .replaceAll(/^export type \{[^}]*\} from '[^']*'\n/gm, '')
    .replaceAll(STATEMENT, (all, word, list, from) => {
      if (word !== 'export') return all
      const wanted = valuesIn(list).filter((name) => names.includes(name.replace(/^.* as /, '')))
      return wanted.length === 0 ? '' : `export { ${wanted.join(', ')} } from '${from}'`
    })
}

const STATEMENT = /^(import|export) \{([^}]*)\} from '([^']*)'/gm

function valuesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '))
}
