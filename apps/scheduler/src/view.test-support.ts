import { parseSchedule } from './schedule.ts'
import type { SchedulerSettings } from './settings.ts'
import type { TableView, WarehouseView } from './warehouse-view.ts'

const HOUR = 3_600_000

/** The default settings, with a daily prune. */
export const SETTINGS: SchedulerSettings = {
  timeZone: 'UTC',
  schedules: {
    run: parseSchedule('0 3 * * *', 'UTC', 'schedule.run'),
    prune: parseSchedule('0 4 * * *', 'UTC', 'schedule.prune'),
    verify: parseSchedule('0 5 * * 0', 'UTC', 'schedule.verify'),
  },
  tables: {},
  runOnStart: false,
  catchUp: true,
  deadlineMs: 12 * HOUR,
  isRetentionSet: false,
  retries: 5,
  retryDelayMs: 60_000,
  staleAfterMs: 3 * HOUR,
  verifySample: 0.05,
  rowChange: 0.5,
  webhook: null,
  listen: null,
}

/** Returns the view of a warehouse with these tables; missing fields get example values. */
export function viewOf(
  tables: Readonly<Record<string, Partial<TableView>>>,
  view: Partial<WarehouseView> = {},
): WarehouseView {
  const none = Object.keys(tables).length === 0
  const some: Omit<TableView, 'source'> = {
    rows: 1000,
    bytes: 5000,
    startedAt: new Date('2026-02-18T03:00Z'),
    columns: { id: 'BIGINT' },
  }
  return {
    storage: '/srv/warehouse',
    lastRunAt: none ? null : new Date('2026-02-18T03:00:12Z'),
    durationMs: none ? null : 12_000,
    runId: none ? null : '20260218T030000Z-7f3a90c2',
    ofAll: undefined,
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, table]) => [name, { ...some, source: { schema: 'public', name }, ...table }]),
    ),
    failedTables: {},
    size: { days: 1, objects: 4, bytes: 6000 },
    lastFailure: null,
    ...view,
  }
}
