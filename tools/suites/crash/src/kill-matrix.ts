import { inShort, readEtlText } from '@dwh/harness'
import { checkAfterKill } from './after-kill.ts'
import { dayOf, type Lab, type RunKind, type StoreKind } from './lab.ts'
import { POINTS, type Point } from './points.ts'
import { startChild } from './start-child.ts'
import { LABS, workThrough } from './work-through.ts'

export interface Cell {
  readonly point: Point
  readonly store: StoreKind
  readonly kind: RunKind
}

export interface CellResult extends Cell {
  /** Empty if there are none. */
  readonly problems: readonly string[]
}

export const STORES: readonly StoreKind[] = ['local', 's3']
export const KINDS: readonly RunKind[] = ['first', 're-run', 'past']

export interface MatrixOptions {
  readonly postgresUrl: string
  /** The child program. */
  readonly program: string
  readonly cells: readonly Cell[]
  readonly onResult?: (result: CellResult) => void
}

/** Kills a run at each point, for each kind and store, and checks the warehouse then and after the next run. */
export async function killMatrix(options: MatrixOptions): Promise<CellResult[]> {
  const { cells, postgresUrl, program } = options
  const results: CellResult[] = []
  await workThrough(cells, { postgresUrl, labs: LABS }, async (cell, lab) => {
    const problems = await runCell(cell, lab, program).catch((error) => [String(error.stack)])
    const result = { ...cell, problems }
    results.push(result)
    options.onResult?.(result)
  })
  const order = POINTS.map(({ name }) => name)
  return results.sort((a, b) => order.indexOf(a.point.name) - order.indexOf(b.point.name))
}

/** Returns all combinations. */
export function cellsOf(points: readonly Point[], stores: readonly StoreKind[], kinds: readonly RunKind[]): Cell[] {
  return stores.flatMap((store) => kinds.flatMap((kind) => points.map((point) => ({ point, store, kind }))))
}

async function runCell({ point, store, kind }: Cell, lab: Lab, program: string): Promise<string[]> {
  const warehouse = await lab.warehouse(store, kind)
  try {
    const earlier = await readEtlText(warehouse.objects)
    const next = await lab.nextValue()
    const { when, what, nth } = point
    const killed = await startChild(
      program,
      {
        do: 'run',
        place: warehouse.place,
        databaseUrl: lab.database.url,
        temp: warehouse.temp,
        ...dayOf(kind),
        at: { when, what, nth, signal: 'SIGKILL' },
      },
      warehouse.env,
    ).ended
    if (killed.signal !== 'SIGKILL') return [`expected the kill to end the run, but it ended with ${inShort(killed)}`]
    return await checkAfterKill(lab, warehouse, { sees: [point.sees === 'old' ? warehouse.value : next], earlier })
  } finally {
    await warehouse.remove()
  }
}
