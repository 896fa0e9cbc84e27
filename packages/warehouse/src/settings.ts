/** The settings alone, for programs that do not open a warehouse. Does not load DuckDB. */
export {
  type Config,
  type ConfigFlags,
  type Environment,
  loadConfig,
  type ScheduleValues,
  SETTINGS,
  settingsHelp,
  type TableSchedule,
  tableSchedules,
  withDefaults,
} from '@dwh/config'
export { checkSettings } from './check-settings.ts'
