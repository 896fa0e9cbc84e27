import { DwhError } from '@dwh/core'
import {
  type Config,
  type ConfigFlags,
  loadConfig,
  type OpenWarehouseOptions,
  openWarehouse,
  type PlanRequest,
  type Warehouse,
} from '@dwh/warehouse'
import type { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { addSettingFlags } from './setting-flags.ts'

/** Flags that every command has. */
export interface CommonFlags extends ConfigFlags {
  readonly json?: boolean
  readonly debug?: boolean
}

/** The flags of a run and of its plan. */
export interface RunFlags extends CommonFlags {
  readonly date?: string
  readonly replace?: boolean
  readonly acceptNewSource?: boolean
  readonly fullRefresh?: boolean
  readonly tables?: string[]
}

/** The flag and description of `--as-of`. */
export const AS_OF = [
  '--as-of <day>',
  'the tables of that day, or of the last day before it: 2026-02-18, yesterday, 2026-01',
] as const

export function addRunFlags(command: Command): Command {
  return addSettingFlags(command)
    .option('--tables <patterns...>', 'read only these tables: orders, billing.*, "*_log"')
    .option('--date <day>', 'day to store the tables under: 2026-02-18, yesterday (default: today)')
    .option('--replace', 'allow replacing a past day')
    .option('--full-refresh', 'read every table in full, also those that have not changed')
    .option('--accept-new-source', 'accept a source that is a different database than before')
}

/** Options for opening the warehouse, taken from the process. */
export function openOptions(context: CommandContext): OpenWarehouseOptions {
  const { env, cwd, home, tmp, proxyFor, clock, random, signal, hide } = context
  return { env, cwd, home, tmp, clock, random, signal, onSecrets: hide, ...(proxyFor ? { proxyFor } : {}) }
}

/** Reads the settings. From then on no message shows the secrets of the source. */
export async function readSettings(flags: CommonFlags, context: CommandContext): Promise<Config> {
  const { sourceSecrets } = await import('@dwh/warehouse')
  context.hide(sourceSecrets(flags.source ?? context.env.DATABASE_URL ?? null, context.env))
  return loadConfig(flags, context)
}

export async function open(
  flags: CommonFlags,
  context: CommandContext,
  options: Partial<OpenWarehouseOptions> = {},
): Promise<Warehouse> {
  return openWarehouse(await readSettings(flags, context), { ...openOptions(context), ...options })
}

/** Builds the request for a run or its plan from the flags. */
export function planRequest({ date, tables, replace, acceptNewSource, fullRefresh }: RunFlags): PlanRequest {
  return { date, tables, replace, acceptNewSource, fullRefresh }
}

export interface OpenedForReading {
  readonly warehouse: Warehouse
  /** When the oldest data shown so far was read; null if the storage itself has answered. */
  readonly rememberedAt: () => Date | null
}

/**
 * Opens the warehouse for commands that only read. If the storage does not answer, they show what was last read from
 * it, with a note on stderr.
 */
export async function openForReading(flags: CommonFlags, context: CommandContext): Promise<OpenedForReading> {
  let oldest: Date | null = null
  const onAway = (readAt: Date, error: Error) => {
    if (oldest === null)
      context.stderr.write(
        `note: ${error.message}\n  Showing what was last read from it, at ${readAt.toISOString()}.\n`,
      )
    if (oldest === null || readAt < oldest) oldest = readAt
  }
  return { warehouse: await open(flags, context, { onAway }), rememberedAt: () => oldest }
}

/** The value of --max-rows. */
export function checkMaxRows(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new DwhError('CONFIG_INVALID', `--max-rows ${text}: expected a number`, {
    hint: 'For example: --max-rows 50; 0 shows all.',
  })
}

/** The value of --limit. */
export function checkLimit(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new DwhError('CONFIG_INVALID', `--limit ${text}: expected a number above 0`, {
    hint: 'For example: --limit 50.',
  })
}
