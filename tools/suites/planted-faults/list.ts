import { APPS } from './faults/apps.ts'
import { CORE } from './faults/core.ts'
import { EXTRACT_POSTGRES } from './faults/extract-postgres.ts'
import { MAINTENANCE } from './faults/maintenance.ts'
import { METADATA } from './faults/metadata.ts'
import { PARQUET_WRITER } from './faults/parquet-writer.ts'
import { PIPELINE } from './faults/pipeline.ts'
import { QUERY } from './faults/query.ts'
import { STORAGE } from './faults/storage.ts'
import type { PlantedFault } from './planted-fault.ts'

export const FAULTS: readonly PlantedFault[] = [
  ...STORAGE,
  ...EXTRACT_POSTGRES,
  ...METADATA,
  ...PARQUET_WRITER,
  ...PIPELINE,
  ...QUERY,
  ...MAINTENANCE,
  ...CORE,
  ...APPS,
]
