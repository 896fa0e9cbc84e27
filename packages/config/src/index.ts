export {
  type ConfigValues,
  configSchema,
  type KeepValues,
  type S3Values,
  type ScheduleValues,
} from './config-schema.ts'
export {
  type Config,
  type ConfigFlags,
  configOf,
  loadConfig,
  putTogether,
  type Surroundings,
  type WarehouseSettings,
} from './load-config.ts'
export { type ConfigFile, readConfigFile, type UnsetVariable } from './read-config-file.ts'
