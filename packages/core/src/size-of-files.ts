import type { FileEntry } from './state.ts'

/** Returns the rows and the bytes of files together. */
export function sizeOfFiles(files: readonly FileEntry[]): { readonly rows: number; readonly bytes: number } {
  return {
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}
