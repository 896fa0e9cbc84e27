export { keepDays, type Retention } from './keep-days.ts'
export { type PruneOptions, type PruneReport, pruneWarehouse } from './prune-warehouse.ts'
export { type RepairOptions, type RepairReport, repairWarehouse } from './repair-warehouse.ts'
export {
  type Problem,
  type ProblemKind,
  type VerifyOptions,
  type VerifyReport,
  verifyWarehouse,
} from './verify-warehouse.ts'
export type { UpkeepOptions } from './with-lease.ts'
