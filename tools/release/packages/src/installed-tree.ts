import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Returns the SHA-256 of each file below a folder, by path, without the package manager's own files. */
export async function filesOf(folder: string): Promise<Record<string, string>> {
  const files = await listFiles(folder)
  const own = /^(\.package-lock\.json|\.modules\.yaml|\.yarn-(integrity|metadata\.json|tarball\.tgz)|node_modules\/.*)$/
  const entries = files
    .map((path) => relative(folder, path))
    .filter((path) => !own.test(path))
    .sort()
    .map(
      async (path) =>
        [
          path,
          createHash('sha256')
            .update(await readFile(join(folder, path)))
            .digest('hex'),
        ] as const,
    )
  return Object.fromEntries(await Promise.all(entries))
}

/** DuckDB's native code for one platform, which any use of DuckDB needs. */
const DUCKDB_BINARY = /\/@duckdb\/node-bindings-[a-z0-9-]+\//

/** Bytes of all files in a `node_modules`, and of DuckDB's binary among them. */
export async function measure(modules: string): Promise<{ total: number; duckdb: number }> {
  let [total, duckdb] = [0, 0]
  for (const path of await listFiles(modules)) {
    const { size } = await stat(path)
    total += size
    if (DUCKDB_BINARY.test(path)) duckdb += size
  }
  return { total, duckdb }
}

/** Returns the packages in a `node_modules` that run scripts when they are installed. */
export async function scriptsIn(modules: string): Promise<string[]> {
  const found: string[] = []
  for (const path of await listFiles(modules)) {
    // npm runs node-gyp by itself where this file exists
    if (path.endsWith('/binding.gyp')) found.push(path)
    if (!path.endsWith('/package.json')) continue
    const { scripts = {} } = JSON.parse(await readFile(path, 'utf8'))
    for (const name of ['preinstall', 'install', 'postinstall']) if (scripts[name]) found.push(`${path}: ${name}`)
  }
  return found
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}
