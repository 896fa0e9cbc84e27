import { inShort, problemsAfter } from '@dwh/harness'
import { seenValue } from './check-readers.ts'
import { cleanPlace } from './child/clean-place.ts'
import { argsOf, type Lab, type Warehouse } from './lab.ts'

export interface AfterKill {
  /** The values that readers may see. */
  readonly sees: readonly (number | null)[]
  /** `etl.json` as it was before the run. */
  readonly earlier: string | null
  /** Called with the value that readers do see. */
  readonly onSeen?: (value: number | null) => void
}

/** Returns the problems after a kill, and after the ordinary run that follows. */
export function checkAfterKill(
  lab: Lab,
  warehouse: Warehouse,
  { sees, earlier, onSeen }: AfterKill,
): Promise<string[]> {
  let killed = true
  return problemsAfter({
    objects: warehouse.objects,
    temp: warehouse.temp,
    earlier,
    expected: sees,
    async see() {
      const value = await seenValue(warehouse)
      if (killed) onSeen?.(value)
      return value
    },
    async runAgain() {
      killed = false
      const next = await lab.nextValue()
      const run = await warehouse.dwh(['run', ...argsOf(warehouse.kind)])
      if (run.code !== 0) throw new Error(inShort(run))
      return next
    },
    clean: (laterMs) => cleanPlace(warehouse.place, laterMs),
    async also() {
      const [status, sessions] = await Promise.all([
        // for the other kinds it would start one more process only to read the same again
        warehouse.kind === 're-run' ? warehouse.dwh(['status']) : null,
        lab.sessionsLeft(),
      ])
      return [
        ...(status && status.code !== 0 ? [`dwh status: ${inShort(status)}`] : []),
        ...(sessions > 0 ? [`${sessions} sessions of dwh left in Postgres`] : []),
      ]
    },
  })
}
