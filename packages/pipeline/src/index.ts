export type { RunPlan, TablePlan } from './plan-run.ts'
export { type PlanOptions, planPipeline, type RunOptions, type RunReport, runPipeline } from './run-pipeline.ts'
export type { SelectedColumn, SkippedTable } from './select-tables.ts'
export type { SelectionSettings, SourceSettings, TableSettings } from './settings.ts'
