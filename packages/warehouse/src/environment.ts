import { randomBytes } from 'node:crypto'
import { homedir, tmpdir } from 'node:os'
import { resolve } from 'node:path'
import type { Environment } from '@dwh/config'

/** The parts of its process that a warehouse uses. Every field has a default. */
export interface WarehouseEnvironment extends Partial<Environment> {
  /** Variables to read settings from, such as `process.env`. Default: none. */
  readonly env?: Environment['env']
  /** Default: the clock of the machine. */
  readonly clock?: () => Date
  /** Returns random bytes. Default: `randomBytes` of `node:crypto`. */
  readonly random?: (bytes: number) => Uint8Array
}

export type FullEnvironment = Environment & Required<Pick<WarehouseEnvironment, 'clock' | 'random'>>

/**
 * Fills in the defaults from the process. Only this package does so: the packages below it receive the clock, the
 * working folder and the home folder as arguments.
 */
export function completeEnvironment(given: WarehouseEnvironment): FullEnvironment {
  return {
    env: given.env ?? {},
    cwd: given.cwd ?? resolve('.'),
    home: given.home ?? homedir(),
    tmp: given.tmp ?? tmpdir(),
    clock: given.clock ?? (() => new Date()),
    random: given.random ?? randomBytes,
    ...(given.proxyFor ? { proxyFor: given.proxyFor } : {}),
  }
}
