import { DwhError } from '@dwh/core'
import {
  type Config,
  type ConfigFlags,
  loadConfig,
  type OpenWarehouseOptions,
  openWarehouse,
  type PlanRequest,
  sourceSecrets,
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
  readonly tables?: string[]
}

export function addRunFlags(command: Command): Command {
  return addSettingFlags(command)
    .option('--tables <patterns...>', 'only these tables: orders, billing.*, "*_log"')
    .option('--date <day>', 'the day to store this as, YYYY-MM-DD (default: today)')
    .option('--replace', 'allow a past day to be replaced')
    .option('--accept-new-source', 'go on although the source is another database than before')
}

/** What the commands say of the warehouse that they open, and of the process. */
export function openOptions(context: CommandContext): OpenWarehouseOptions {
  const { env, cwd, home, tmp, proxyFor, clock, random, signal, hide } = context
  return { env, cwd, home, tmp, clock, random, signal, onSecrets: hide, ...(proxyFor ? { proxyFor } : {}) }
}

/** The settings; what was given as the source is hidden from then on. */
export async function readSettings(flags: CommonFlags, context: CommandContext): Promise<Config> {
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

/** What is asked of a run and of its plan. */
export function planRequest({ date, tables, replace, acceptNewSource }: RunFlags): PlanRequest {
  return { date, tables, replace, acceptNewSource }
}

export interface OpenedForReading {
  readonly warehouse: Warehouse
  /** When what was answered so far was read, at the earliest; null where the storage itself has answered. */
  readonly rememberedAt: () => Date | null
}

/**
 * For commands that only read: where the storage does not answer, what was read from it last, with a note on stderr.
 */
export async function openForReading(flags: CommonFlags, context: CommandContext): Promise<OpenedForReading> {
  let oldest: Date | null = null
  const onAway = (readAt: Date, error: Error) => {
    if (oldest === null)
      context.stderr.write(`note: ${error.message}\n  Answered as of ${readAt.toISOString()}, when it was last read.\n`)
    if (oldest === null || readAt < oldest) oldest = readAt
  }
  return { warehouse: await open(flags, context, { onAway }), rememberedAt: () => oldest }
}

/** The value of --max-rows. */
export function checkMaxRows(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new DwhError('CONFIG_INVALID', `--max-rows ${text}: expected a number`, {
    hint: 'Such as --max-rows 50; 0 shows all.',
  })
}
