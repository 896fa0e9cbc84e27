import type { Reader, SourceColumn } from '@dwh/core'

/** A column that a run reads, with its settings applied. */
export interface SelectedColumn extends SourceColumn {
  /** In the warehouse. */
  readonly as: string
  /** The readers for which the type was chosen; absent where the user chose it, or where every reader reads it. */
  readonly storedFor?: readonly Reader[]
  /** The readers that must read its values exactly; a run refuses values that one of them misreads. */
  readonly readBy?: readonly Reader[]
  /** The readers that do not read its type exactly, although they were asked for: the user chose it. */
  readonly misreadBy?: readonly Reader[]
}
