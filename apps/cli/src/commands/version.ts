import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { alignColumns } from '../output/lines.ts'
import { version } from '../version.ts'
import type { CommonFlags } from './shared.ts'

const HELP = `
Prints the versions of dwh, of the DuckDB inside it and of Node, and the platform. dwh --version prints the first alone.

Examples:
  $ dwh version
  $ dwh version --json`

export function versionCommand(context: CommandContext): Command {
  return new Command('version')
    .description('print the versions of dwh, DuckDB and Node')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags>()
      const { duckdbVersion } = await import('@dwh/warehouse')
      const { platform, arch } = process
      const versions = {
        dwh: version,
        duckdb: duckdbVersion(),
        node: process.versions.node,
        platform: `${platform} ${arch}`,
      }
      await context.stdout.write(
        flags.json ? `${JSON.stringify(versions, null, 2)}\n` : alignColumns(Object.entries(versions)),
      )
    })
}
