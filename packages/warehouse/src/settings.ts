/** The settings alone, for whoever opens no warehouse by itself: no DuckDB is loaded. */
export {
  type Config,
  type ConfigFlags,
  type Environment,
  loadConfig,
  type ScheduleValues,
  SETTINGS,
  settingsHelp,
  withDefaults,
} from '@dwh/config'
export { checkSettings } from './check-settings.ts'
