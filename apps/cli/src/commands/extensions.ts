import { type ExtensionName, installExtension, listExtensions, loadConfig } from '@dwh/warehouse'
import { Argument, Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns } from '../output/lines.ts'
import type { CommonFlags } from './shared.ts'

/** By the names that people know. */
const NAMES: Readonly<Record<string, ExtensionName>> = { postgres: 'postgres_scanner', httpfs: 'httpfs' }
const USES: Readonly<Record<ExtensionName, string>> = {
  postgres_scanner: 'a run reads large tables by DuckDB itself, which is faster',
  httpfs: 'a query reads a table in place that is larger than the cache',
}

const HELP = `
DuckDB's own extensions that dwh makes use of where they are. None is needed, and only this command downloads one:
from DuckDB's server, or from another place. They go to the folder of DWH_EXTENSIONS (~/.duckdb/extensions).

Examples:
  $ dwh extensions                                                 what is there
  $ dwh extensions add postgres httpfs                             fetch them
  $ dwh extensions add postgres --from ./postgres_scanner.duckdb_extension.gz
                                                                   without internet, from a file that somebody brought`

export function extensionsCommand(context: CommandContext): Command {
  const command = new Command('extensions')
    .description('what DuckDB can do in addition, and how to add it')
    .addArgument(new Argument('[action]', 'what to do').choices(['list', 'add']).default('list'))
    .addArgument(new Argument('[names...]', 'which ones').choices(Object.keys(NAMES)))
    .option('--from <place>', 'a file, a folder or a URL that has them')
    .addHelpText('after', HELP)
    .action(async (action: 'list' | 'add', names: readonly string[]) => {
      const flags = command.optsWithGlobals<CommonFlags & { from?: string }>()
      const { extensions: directory } = await loadConfig(flags, context)
      if (action === 'add' && names.length === 0) command.error('error: which one? dwh extensions add postgres')
      if (action === 'add')
        for (const name of names) await installExtension(NAMES[name] as ExtensionName, { directory, from: flags.from })
      const found = await listExtensions({ directory })
      const rows = Object.entries(NAMES).map(([name, file]) => {
        const { installed, path } = found.find((one) => one.name === file) ?? { installed: false, path: null }
        return { name, installed, path, use: USES[file] }
      })
      const lines = rows.map(({ name, path, use }) => [name, path ?? 'not installed', use])
      await context.stdout.write(
        flags.json ? `${JSON.stringify(rows, null, 2)}\n` : alignColumns([['EXTENSION', 'WHERE', 'WITH IT'], ...lines]),
      )
    })
  return command
}
