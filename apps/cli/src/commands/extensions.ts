import { type ExtensionName, loadConfig } from '@dwh/warehouse'
import { Argument, Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns } from '../output/lines.ts'
import type { CommonFlags } from './shared.ts'

/** Extensions by their common names. */
const NAMES: Readonly<Record<string, ExtensionName>> = { postgres: 'postgres_scanner', httpfs: 'httpfs' }
const USES: Readonly<Record<ExtensionName, string>> = {
  postgres_scanner: 'runs read large tables faster, with DuckDB itself',
  httpfs: 'queries read tables that are larger than the cache in place',
}

const HELP = `
Lists and installs optional DuckDB extensions. dwh uses them if they are installed and works without them. Only this
command downloads one, from DuckDB's server or from another place. It stores them in the folder of DWH_EXTENSIONS
(~/.duckdb/extensions).

Examples:
  $ dwh extensions                                                 list them
  $ dwh extensions add postgres httpfs                             download and install
  $ dwh extensions add postgres --from ./postgres_scanner.duckdb_extension.gz
                                                                   install from a file, without internet`

export function extensionsCommand(context: CommandContext): Command {
  const command = new Command('extensions')
    .description('list and install optional DuckDB extensions')
    .addArgument(new Argument('[action]', 'what to do').choices(['list', 'add']).default('list'))
    .addArgument(new Argument('[names...]', 'the extensions to add').choices(Object.keys(NAMES)))
    .option('--from <place>', 'install it from this file, folder or URL')
    .addHelpText('after', HELP)
    .action(async (action: 'list' | 'add', names: readonly string[]) => {
      const flags = command.optsWithGlobals<CommonFlags & { from?: string }>()
      const { extensions: directory } = await loadConfig(flags, context)
      if (action === 'add' && names.length === 0)
        command.error('error: name an extension, for example: dwh extensions add postgres')
      const { installExtension, listExtensions } = await import('@dwh/warehouse')
      if (action === 'add')
        for (const name of names) await installExtension(NAMES[name] as ExtensionName, { directory, from: flags.from })
      const found = await listExtensions({ directory })
      const rows = Object.entries(NAMES).map(([name, file]) => {
        const { installed, path } = found.find((one) => one.name === file) ?? { installed: false, path: null }
        return { name, installed, path, use: USES[file] }
      })
      const lines = rows.map(({ name, path, use }) => [name, path ?? 'not installed', use])
      await context.stdout.write(
        flags.json ? `${JSON.stringify(rows, null, 2)}\n` : alignColumns([['EXTENSION', 'PATH', 'USE'], ...lines]),
      )
    })
  return command
}
