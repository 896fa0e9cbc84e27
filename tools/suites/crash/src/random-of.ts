import { createHash } from 'node:crypto'

/** A number from 0 to below 1 that depends on the seed and the trial alone. */
export function randomOf(seed: number, trial: number): number {
  return createHash('sha256').update(`${seed} ${trial}`).digest().readUInt32BE(0) / 2 ** 32
}
