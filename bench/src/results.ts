import type { Contender } from './contenders.ts'

/** One run of one contender; a value is null if it does not apply. */
export interface Run {
  readonly wallSeconds: number
  readonly cpuSeconds: number | null
  readonly peakMegabytes: number | null
  readonly serverCpuSeconds: number
  /** Size of the Parquet files. */
  readonly bytes: number | null
}

export interface ContenderResults {
  readonly name: string
  readonly kind: Contender['kind']
  readonly runs: readonly Run[]
  /** Why there are no runs, or fewer than planned. */
  readonly unavailable?: string
  readonly failed?: string
}

export interface DataSetResults {
  readonly name: string
  readonly about: string
  /** Rows of all tables. */
  readonly rows: number
  readonly tables: number
  readonly contenders: readonly ContenderResults[]
}

/** Returns the median over the rounds; null if it was not measured. */
export function median(results: ContenderResults | undefined, figure: keyof Run): number | null {
  const values = (results?.runs ?? []).flatMap((run) => run[figure] ?? []).sort((a, b) => a - b)
  const [low, high] = [values[Math.floor((values.length - 1) / 2)], values[Math.floor(values.length / 2)]]
  return low === undefined || high === undefined ? null : (low + high) / 2
}

/** Returns the median of one contender on one data set, for the figures. */
export function lookUp(
  results: readonly DataSetResults[],
  dataSet: string,
  name: string,
  figure: keyof Run,
): number | null {
  const contenders = results.find((set) => set.name === dataSet)?.contenders
  return median(
    contenders?.find((contender) => contender.name === name),
    figure,
  )
}
