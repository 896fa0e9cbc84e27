import { createHash } from 'node:crypto'

/** Returns a number from 0 to below 1 that depends only on the seed and the trial. */
export function randomOf(seed: number, trial: number): number {
  return createHash('sha256').update(`${seed} ${trial}`).digest().readUInt32BE(0) / 2 ** 32
}
