import { spawn } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DwhError, quoteLiteral, temporaryFolderName, throwIfAborted } from '@dwh/core'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { noteDay } from '../output/day-note.ts'
import { AS_OF, type CommonFlags, openForReading } from './shared.ts'

const HELP = `
Starts DuckDB's own command line, duckdb, with one view for each table over the files of the last good run. It needs duckdb on PATH (https://duckdb.org/install). dwh shell needs nothing, checks each file, and also reads buckets.

Examples:
  $ dwh open
  $ dwh open --ui                           DuckDB's notebook in a browser
  $ dwh open --as-of 2026-02-17
  $ dwh views | duckdb my.duckdb            a database file with the views, for other programs`

export function openCommand(context: CommandContext): Command {
  return new Command('open')
    .description('open the tables in the DuckDB command line')
    .option(...AS_OF)
    .option('--ui', 'open the DuckDB UI in a browser')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags & { asOf?: string; ui?: boolean }>()
      const { warehouse } = await openForReading(flags, context)
      const { store, config } = warehouse
      if (!store.localPath && !store.publicUrl) {
        throw new DwhError('CONFIG_INVALID', `open: DuckDB's command line has no key for ${store.url}`, {
          hint: '`dwh shell` reads the bucket. To use DuckDB, create a secret there, then run the SQL of `dwh views`.',
        })
      }
      const folder = join(config.temp, temporaryFolderName('open'))
      await mkdir(folder, { recursive: true, mode: 0o700 })
      try {
        const script = join(folder, 'views.sql')
        const views = await warehouse.views({ asOf: flags.asOf })
        noteDay(flags.asOf, views, context)
        await writeFile(script, views.sql)
        const args = ['-cmd', `.read ${quoteLiteral(script)}`, ...(flags.ui ? ['-ui'] : [])]
        context.exitWith(await runDuckdb(args, context))
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
}

/** Runs DuckDB's command line in this terminal, and returns its exit code. */
async function runDuckdb(
  args: readonly string[],
  { cwd, env, signal, leaveInterrupts }: CommandContext,
): Promise<number> {
  throwIfAborted(signal, 'open')
  const ended = new Promise<number>((resolve, reject) => {
    const child = spawn('duckdb', args, { cwd, env, stdio: 'inherit' })
    signal.addEventListener('abort', () => child.kill(), { once: true })
    child.once('error', (cause: NodeJS.ErrnoException) => reject(cannotStart(cause)))
    child.once('close', (code) => resolve(code ?? 1))
  })
  // Ctrl-C stops a statement of duckdb, which gets it as well
  leaveInterrupts(ended)
  return ended
}

function cannotStart(cause: NodeJS.ErrnoException): DwhError {
  if (cause.code === 'ENOENT') {
    return new DwhError('CONFIG_INVALID', 'open: duckdb is not on PATH', {
      cause,
      hint: 'Install it (https://duckdb.org/install), or use `dwh shell`, which needs nothing.',
    })
  }
  return new DwhError('CONFIG_INVALID', `open: duckdb: ${cause.message}`, {
    cause,
    hint: 'Check the program duckdb on PATH, or use `dwh shell`, which needs nothing.',
  })
}
