import { randomBytes } from 'node:crypto'
import { access, link, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { DwhError, formatTableName, type ObjectStore } from '@dwh/core'
import { openWarehouse, type Places, type Proposal, plural, putTogether, type Warehouse } from '@dwh/warehouse'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { noteLine } from '../output/lines.ts'
import { terminalSize } from '../output/terminal-size.ts'
import { addSettingFlags } from './setting-flags.ts'
import { type CommonFlags, openOptions } from './shared.ts'

const HELP = `
Inspects the database and the storage, and writes a commented dwh.yaml: the tables to read with their sizes, the tables
to leave out and why, the views that can be included by name, and the columns that look like credentials. Flags and the
environment name the database and the storage. No password is written to the file.

Examples:
  $ DATABASE_URL=postgres://reader@localhost/app dwh init
  $ dwh init --storage s3://warehouse/crm --print
  $ dwh init --force                               replace an existing dwh.yaml`

interface InitFlags extends CommonFlags {
  readonly force?: boolean
  readonly print?: boolean
}

export function initCommand(context: CommandContext): Command {
  return addSettingFlags(new Command('init'))
    .description('inspect the database and write a commented dwh.yaml')
    .option('--force', 'replace an existing file')
    .option('--print', 'write to stdout instead of a file')
    .addHelpText('after', HELP)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<InitFlags>()
      const path = resolve(context.cwd, flags.config ?? (context.env.DWH_CONFIG || 'dwh.yaml'))
      if (!flags.print && !flags.force) await checkAbsent(path)
      const { configText, lookAtSource, propose, sourceSecrets } = await import('@dwh/warehouse')
      context.hide(sourceSecrets(flags.source ?? context.env.DATABASE_URL ?? null, context.env))
      const config = await putTogether(null, flags, context)
      const options = openOptions(context)
      const look = await lookAtSource(config, options)
      const proposal = propose(look)
      const warehouse = await openWarehouse(config, { ...options, retry: { attempts: 2 } })
      const text = configText(await places(warehouse, flags, context, dirname(path)), look, proposal)
      if (!flags.print) await write(path, text, flags.force ?? false)
      context.stderr.write(await notes(warehouse.store, proposal, terminalSize(context.stderr, context.env)?.columns))
      if (flags.json)
        await context.stdout.write(`${JSON.stringify(asJson(flags.print ? null : path, text, proposal), null, 2)}\n`)
      else await context.stdout.write(flags.print ? text : `Wrote ${path}. Next: dwh plan, then dwh run.\n`)
    })
}

async function checkAbsent(path: string): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  )
  if (there) throw alreadyThere(path)
}

function alreadyThere(path: string): DwhError {
  return new DwhError('CONFIG_INVALID', `${path}: file exists`, {
    hint: 'Replace it with --force, or print the new file with --print.',
  })
}

/** Writes the whole file or nothing. A file that appeared meanwhile is replaced only with `force`. */
async function write(path: string, text: string, force: boolean): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(temporary, text)
    if (force) await rename(temporary, path)
    else await link(temporary, path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') throw alreadyThere(path)
    throw new DwhError('CONFIG_INVALID', `${path}: ${message}`, {
      cause,
      hint: 'Go to a writable folder, name another file with --config, or use --print.',
    })
  } finally {
    await rm(temporary, { force: true })
  }
}

async function places(
  { config, described }: Warehouse,
  flags: InitFlags,
  { env, cwd }: CommandContext,
  folder: string,
): Promise<Places> {
  const { ca_file, ...s3 } = described.s3 ?? {}
  return {
    ...source(flags, env),
    storage: described.storage.includes('://') ? described.storage : localPath(described.storage, folder),
    s3: typeof ca_file === 'string' ? { ...s3, ca_file: localPath(ca_file, folder) } : s3,
    timezone: config.timezone,
    schema: await schemaPlace(cwd, folder),
  }
}

function source({ source: given }: InitFlags, env: CommandContext['env']): Pick<Places, 'source' | 'sourceNote'> {
  const fromEnvironment = `$\{DATABASE_URL}`
  if (given === undefined) {
    return env.DATABASE_URL
      ? { source: fromEnvironment, sourceNote: 'Read from the environment, so that this file holds no password.' }
      : { source: null, sourceNote: null }
  }
  const [, before, after] = /^([a-z]+:\/\/[^:/?#@]*)(?::[^@]*)?(@.*|\/.*)$/is.exec(given) ?? []
  const bare = before === undefined ? null : `${before}${after}`
  if (bare === null || /password/i.test(bare))
    return {
      source: fromEnvironment,
      sourceNote: 'Set DATABASE_URL to the value of --source, which may hold a password.',
    }
  const note = bare === given ? null : 'The password comes from PGPASSWORD, or from ~/.pgpass.'
  return { source: bare.replaceAll('${', () => '$${'), sourceNote: note }
}

function localPath(path: string, folder: string): string {
  const inside = relative(folder, path)
  return inside.startsWith('..') ? path : `./${inside}`
}

const SCHEMA = 'node_modules/@dwh/cli/dwh.schema.json'

/** Path of the installed JSON Schema; the URL of the published one if none is installed. */
async function schemaPlace(cwd: string, folder: string): Promise<string> {
  const installed = join(cwd, SCHEMA)
  const there = await access(installed).then(
    () => true,
    () => false,
  )
  return there ? localPath(installed, folder) : 'https://unpkg.com/@dwh/cli/dwh.schema.json'
}

function leftOut({ excluded, storedTwice }: Proposal): Proposal['excluded'] {
  const children = storedTwice.flatMap(({ parent, children: below }) =>
    below.map((table) => ({
      table,
      reason: `its rows are read with its parent ${formatTableName(parent)}`,
    })),
  )
  return [...excluded, ...children]
}

async function notes(store: ObjectStore, proposal: Proposal, width: number | undefined): Promise<string> {
  const { tables, nameable, credentials } = proposal
  const excluded = leftOut(proposal)
  const lines = [
    `${plural(tables.length, 'table')} to read, ${excluded.length} left out, ${plural(nameable.length, 'view')} can be included by name`,
    ...excluded.map(({ table, reason }) => `${formatTableName(table)}: left out: ${reason}`),
    ...credentials.map(
      ({ table, columns }) =>
        `${formatTableName(table)}: ${columns.join(', ')}: may hold credentials; see the end of the file`,
    ),
  ]
  try {
    for await (const _ of store.list('')) break
  } catch (error) {
    lines.push(`storage: not usable yet: ${(error as Error).message}. Run dwh doctor to see how to fix it.`)
  }
  return lines.map((line) => noteLine(line, width)).join('')
}

function asJson(path: string | null, text: string, proposal: Proposal) {
  const { tables, nameable, credentials } = proposal
  return {
    path,
    text,
    tables: tables.map(formatTableName),
    excluded: leftOut(proposal).map(({ table, reason }) => ({ table: formatTableName(table), reason })),
    nameable: nameable.map(formatTableName),
    credentials: credentials.map(({ table, columns }) => ({ table: formatTableName(table), columns })),
  }
}
