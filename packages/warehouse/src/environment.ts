import { randomBytes } from 'node:crypto'
import { homedir, tmpdir } from 'node:os'
import { resolve } from 'node:path'
import type { Environment } from '@dwh/config'

/** What a warehouse may touch of the process that it is opened in. Each has a default. */
export interface WarehouseEnvironment extends Partial<Environment> {
  /** The variables that settings are read from, such as `process.env`. Default: none. */
  readonly env?: Environment['env']
  /** Default: that of the machine. */
  readonly clock?: () => Date
  /** Random bytes. Default: those of `node:crypto`. */
  readonly random?: (bytes: number) => Uint8Array
}

export type FullEnvironment = Environment & Required<Pick<WarehouseEnvironment, 'clock' | 'random'>>

/**
 * The front door is where the process comes in: nothing below it looks at the clock, the folder or the user by
 * itself.
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
