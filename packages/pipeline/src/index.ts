export type { Derive, RunFiles } from './derive.ts'
export { excludePatterns } from './exclude-patterns.ts'
export type { TableResult } from './execute-plan.ts'
export { type MisreadColumn, misreadColumns, misreadingText } from './misreadings.ts'
export { checkColumnNames, checkTableNames } from './name-conflicts.ts'
export { FOREIGN_KEYS_NOTE, foreignKeyNotes, ownColumns, type PlanNote, planNotes } from './plan-notes.ts'
export { checkOnly, differingFields, type RunPlan, type TablePlan } from './plan-run.ts'
export type { PlanOptions, RunOptions, RunReport } from './run-options.ts'
export { planPipeline, runPipeline } from './run-pipeline.ts'
export {
  type DeniedRead,
  type SelectedTable,
  type Selection,
  type SkippedTable,
  selectTables,
} from './select-tables.ts'
export type { SelectedColumn } from './selected-column.ts'
export type { SourceSettings } from './settings.ts'
