export { openParquetWriter, type ParquetWriter, type ParquetWriterOptions } from './open-parquet-writer.ts'
export type { ParquetFooter } from './read-footer.ts'
export {
  DEFAULT_MAX_ROW_BYTES,
  type ParquetColumn,
  type WriteParquetInput,
  type WrittenParquet,
} from './write-parquet.ts'
