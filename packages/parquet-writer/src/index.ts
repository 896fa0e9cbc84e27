export { openParquetWriter, type ParquetWriter, type ParquetWriterOptions } from './open-parquet-writer.ts'
export type { ParquetColumn, WriteParquetInput } from './parquet-input.ts'
export type { ParquetFooter } from './read-footer.ts'
export {
  DEFAULT_MAX_ROW_BYTES,
  type WrittenParquet,
} from './write-parquet.ts'
