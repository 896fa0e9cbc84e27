import {
  type Day,
  DwhError,
  type EtlState,
  manifestDay,
  type ObjectStore,
  parseDay,
  SNAPSHOTS_PREFIX,
  type TableEntry,
} from '@dwh/core'
import { postgresSource, systemRoom } from '@dwh/extract-postgres'
import { readManifest, readState } from '@dwh/metadata'
import type { PlanOptions } from '@dwh/pipeline'
import { localStore } from '@dwh/storage'
import type { Command } from 'commander'
import { type Config, type ConfigFlags, checkSource, loadConfig } from '../config/load-config.ts'
import { secretsOf } from '../output/report-error.ts'
import type { World } from '../surroundings.ts'

/** Flags that every command has. */
export interface CommonFlags extends ConfigFlags {
  readonly json?: boolean
  readonly debug?: boolean
}

/** The flags of a run and of its plan. */
export interface RunFlags extends CommonFlags {
  readonly date?: string
  readonly replace?: boolean
  readonly tables?: string[]
}

export function addRunFlags(command: Command): Command {
  return command
    .option('--source <url>', 'the Postgres to read (DATABASE_URL is better: a command line can be seen by others)')
    .option('--tables <patterns...>', 'only these tables: orders, billing.*, "*_log"')
    .option('--date <day>', 'the day to store this as, YYYY-MM-DD (default: today)')
    .option('--replace', 'allow a past day to be replaced')
    .option('--parallel <number>', 'how many tables are read at once (default: 2)')
}

export interface Opened {
  readonly config: Config
  readonly store: ObjectStore
}

export async function openStore(flags: CommonFlags, world: World): Promise<Opened> {
  world.hide(secretsOf(flags.source ?? world.env.DATABASE_URL ?? null, world.env))
  const config = await loadConfig(flags, world)
  world.hide(secretsOf(config.source, world.env))
  return { config, store: localStore({ path: config.storage }) }
}

/** What planning and running share. `onNote` is told what a person should know about the source, once each. */
export async function planOptions(
  flags: RunFlags,
  world: World,
  onNote: (note: string) => void,
): Promise<Opened & { options: PlanOptions }> {
  const { config, store } = await openStore(flags, world)
  checkSource(config, world)
  const source = postgresSource({
    ...(config.source === null ? {} : { connection: config.source }),
    parallel: config.parallel,
    lockTimeoutMs: config.lockTimeoutMs,
  })
  const options: PlanOptions = {
    store,
    sources: { default: { source, ...config.selection } },
    date: flags.date === undefined ? undefined : parseDay(flags.date),
    timeZone: config.timezone,
    only: flags.tables,
    room: { ...systemRoom(world.env), home: world.home },
    replace: flags.replace,
    clock: world.clock,
    onNote,
    signal: world.signal,
  }
  return { config, store, options }
}

export interface Snapshot {
  readonly state: EtlState
  readonly tables: Readonly<Record<string, TableEntry>>
}

/**
 * The tables that are current, or those of a day.
 * @throws DwhError CONFIG_INVALID where there is no warehouse yet, and for a day without one
 */
export async function readSnapshot({ config, store }: Opened, asOf: string | undefined): Promise<Snapshot> {
  const { state } = await readState(store)
  if (asOf === undefined) {
    if (state.status !== 'none') return { state, tables: state.tables }
    throw new DwhError('CONFIG_INVALID', `${config.storage}: no warehouse here yet`, {
      hint: 'Make one with `dwh run`, or point --storage or DWH_STORAGE at one.',
    })
  }
  const day = parseDay(asOf)
  const manifest = await readManifest(store, state, day)
  if (manifest) return { state, tables: manifest.tables }
  throw new DwhError('CONFIG_INVALID', `${day}: the warehouse has nothing of that day`, {
    hint: await nearestDays(store, day),
  })
}

async function nearestDays(store: ObjectStore, day: Day): Promise<string> {
  const days: Day[] = []
  for await (const { key } of store.list(SNAPSHOTS_PREFIX)) {
    const found = manifestDay(key)
    if (found) days.push(found)
  }
  const before = days.filter((d) => d < day).at(-1)
  const after = days.find((d) => d > day)
  const near = [before, after].filter((d) => d !== undefined)
  return near.length > 0 ? `Days nearby: ${near.join(', ')}.` : 'It has no days yet.'
}
