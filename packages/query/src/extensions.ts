import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { DwhError, quoteLiteral } from '@dwh/core'

/** The optional extensions of DuckDB that this warehouse uses if installed, by the name of their file. */
export const EXTENSIONS = ['postgres_scanner', 'httpfs'] as const
export type ExtensionName = (typeof EXTENSIONS)[number]

export interface ExtensionInfo {
  readonly name: ExtensionName
  readonly installed: boolean
  /** Null when it is not installed. */
  readonly path: string | null
}

export interface ExtensionOptions {
  /** Where DuckDB finds its extensions. Default `~/.duckdb/extensions`. */
  readonly directory?: string | null | undefined
}

/** Lists the extensions and whether they are installed. Downloads nothing. */
export function listExtensions(options: ExtensionOptions = {}): Promise<readonly ExtensionInfo[]> {
  return withDuckdb(options, (connection) => lookFor(connection))
}

/**
 * Installs an extension for DuckDB and loads it, which checks its signature. Installs from DuckDB's server, or `from`
 * the URL or folder of a repository, or a file `*.duckdb_extension` or `*.duckdb_extension.gz` for this version and
 * platform. No other function downloads an extension. https://duckdb.org/docs/stable/extensions/installing_extensions
 * @throws DwhError EXTENSION_FAILED
 */
export function installExtension(
  name: ExtensionName,
  { from, ...options }: ExtensionOptions & { readonly from?: string | undefined } = {},
): Promise<ExtensionInfo> {
  return withDuckdb(options, async (connection) => {
    const place = source(name, from)
    const [{ version, platform }] = (
      await connection.runAndReadAll('SELECT version() AS version, platform FROM pragma_platform()')
    ).getRowObjectsJson() as [{ version: string; platform: string }]
    try {
      await connection.run(`FORCE INSTALL ${place}`)
      await connection.run(`LOAD ${name}`)
    } catch (cause) {
      const [first] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
      throw new DwhError('EXTENSION_FAILED', `extension ${name}: ${first}`, {
        cause,
        hint: `It must match DuckDB ${version}, ${platform}. Without internet access, copy http://extensions.duckdb.org/${version}/${platform}/${name}.duckdb_extension.gz here and install it from that file.`,
      })
    }
    return (await lookFor(connection)).find((found) => found.name === name) as ExtensionInfo
  })
}

function source(name: ExtensionName, from: string | undefined): string {
  if (from === undefined) return name
  const place = /^https?:\/\//.test(from) ? from : resolve(from)
  if (/\.duckdb_extension(?:\.gz)?$/.test(place)) {
    if (!/^https?:/.test(place) && !existsSync(place))
      throw new DwhError('CONFIG_INVALID', `${from}: file not found`, {
        hint: 'Give the path of the extension file.',
      })
    return quoteLiteral(place)
  }
  return `${name} FROM ${quoteLiteral(place)}`
}

async function lookFor(connection: DuckDBConnection): Promise<ExtensionInfo[]> {
  const names = EXTENSIONS.map((name) => quoteLiteral(name)).join(', ')
  const reader = await connection.runAndReadAll(
    `SELECT extension_name, installed, install_path FROM duckdb_extensions() WHERE extension_name IN (${names})`,
  )
  const found = new Map(reader.getRows().map(([name, installed, path]) => [name, { installed, path }]))
  return EXTENSIONS.map((name) => {
    const { installed = false, path = null } = found.get(name) ?? {}
    return { name, installed: installed === true, path: installed === true ? String(path) : null }
  })
}

async function withDuckdb<T>(
  { directory }: ExtensionOptions,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(directory ? { extension_directory: directory } : {}),
  })
  const connection = await instance.connect()
  try {
    return await work(connection)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
