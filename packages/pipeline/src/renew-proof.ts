import {
  type ColumnProof,
  type ColumnType,
  measuresOf,
  own,
  type ProofEntry,
  proofDifferences,
  type ReadReason,
  type SnapshotInfo,
  type SourceSnapshot,
  type TableEntry,
  type TableProof,
} from '@dwh/core'
import type { TablePlan } from './plan-run.ts'
import { decideTypes } from './profile-table.ts'
import { differsText } from './prove.ts'

/** The default of `reproveMs`. */
const REPROVE_MS = 7 * 24 * 60 * 60 * 1000

/** Whether a proof is as old as `reproveMs`, or from a time that has not come: a clock was set back. */
export function isProofDue(
  { proved_at, snapshot }: TableEntry,
  { takenAt }: SnapshotInfo,
  reproveMs: number = REPROVE_MS,
): boolean {
  const age = Date.parse(takenAt) - Date.parse(proved_at ?? snapshot.taken_at)
  return !(age >= 0 && age < reproveMs)
}

/**
 * Renews the proof of a table that has not changed: profiles it in the source and compares that with the proof of its
 * files, without reading a row of them. Returns why the table must be read; null if source and files agree.
 * @throws DwhError the source's errors
 */
export async function renewProof(
  planned: TablePlan,
  entry: TableEntry,
  snapshot: SourceSnapshot,
  signal: AbortSignal | undefined,
): Promise<ReadReason | null> {
  const { proof } = entry
  const types = new Map(entry.columns.map(({ name, type }) => [name, type]))
  const columns = planned.columns.map(({ name, as }) => ({ name, as, type: types.get(as) as ColumnType }))
  if (!isComparable(proof, columns)) return { id: 'proof-due', text: 'its proof is from a version with other measures' }
  const wishes = { proof: proof.level, native: false }
  const profile = await snapshot.profileTable?.(planned.table, wishes, { where: planned.where ?? undefined, signal })
  if (profile === undefined) return { id: 'proof-due', text: 'its proof is to be renewed' }
  const file: TableProof = proof.level === 'counts' ? { rows: proof.rows, columns: {} } : proof
  const retyped = decideTypes(planned, profile.types).columns.flatMap(({ as, type }) =>
    type === types.get(as) ? [] : [`column ${as}: needs ${type}, ${types.get(as)} in the file`],
  )
  const measured = proofDifferences(profile.proof, file, proof.level === 'counts' ? [] : columns)
  const differences = [...retyped, ...measured]
  if (differences.length === 0) return null
  return { id: 'proof-failed', text: `no change was seen, but its file ${differsText(differences)}` }
}

/** Whether a stored proof has the measures that this version takes. */
function isComparable(proof: ProofEntry, columns: readonly { readonly as: string; readonly type: ColumnType }[]) {
  if (proof.level === 'counts') return true
  const has = (found: ColumnProof | undefined, type: ColumnType) =>
    found !== undefined && measuresOf(type).every((measure) => found[measure] !== undefined)
  return columns.every(({ as, type }) => has(own(proof.columns, as), type))
}
