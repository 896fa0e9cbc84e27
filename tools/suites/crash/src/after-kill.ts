import { type CheckOptions, checkInvariants } from './check-invariants.ts'
import { checkReaders } from './check-readers.ts'
import { argsOf, type Lab, type Warehouse } from './lab.ts'
import { inShort } from './processes.ts'

export interface AfterKill {
  /** The values that readers may see. */
  readonly sees: readonly (number | null)[]
  readonly earlier: CheckOptions['earlier']
  /** Told the one that they do see. */
  readonly onSeen?: (value: number | null) => void
}

/** What is wrong after a kill: files and readers first, then all of it once one ordinary run has followed. */
export async function checkAfterKill(
  lab: Lab,
  warehouse: Warehouse,
  { sees, earlier, onSeen }: AfterKill,
): Promise<string[]> {
  const { objects, temp } = warehouse
  const told = (when: string) => (problem: string) => `${when}: ${problem}`
  const killed = [
    ...(await checkInvariants(objects, { earlier: earlier ?? null })),
    ...(await checkReaders(warehouse, sees, onSeen)),
  ]
  const next = await lab.nextValue()
  const run = await warehouse.dwh(['run', ...argsOf(warehouse.kind)])
  if (run.code !== 0) return [...killed.map(told('after the kill')), `the next run: ${inShort(run)}`]
  const [invariants, readers, status, sessions] = await Promise.all([
    checkInvariants(objects, { clean: { temp }, earlier: earlier ?? null }),
    checkReaders(warehouse, [next]),
    // it reads what the check before has read, and costs a process
    warehouse.kind === 're-run' ? warehouse.dwh(['status']) : null,
    lab.database.sessionsLeft(),
  ])
  const rerun = [...invariants, ...readers]
  if (status && status.code !== 0) rerun.push(`dwh status: ${inShort(status)}`)
  if (sessions > 0) rerun.push(`${sessions} sessions of dwh left in Postgres`)
  return [...killed.map(told('after the kill')), ...rerun.map(told('after the next run'))]
}
