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
  checkSource,
  loadConfig,
  putTogether,
  type StorageConfig,
  type Surroundings,
} from './load-config.ts'
export { type ConfigFile, readConfigFile, type UnsetVariable } from './read-config-file.ts'
