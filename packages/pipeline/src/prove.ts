import {
  DwhError,
  type ProofEntry,
  type ProofLevel,
  proofDifferences,
  type TableProfile,
  type TableProof,
} from '@dwh/core'
import type { ParquetWriter, WrittenParquet } from '@dwh/parquet-writer'
import type { TablePlan } from './plan-run.ts'

/** Maximum number of differences in a message. */
const SHOWN = 5

/** Describes differences between a file and the source, the first few of them. */
export function differsText(differences: readonly string[]): string {
  return `differs from the source: ${differences.slice(0, SHOWN).join('; ')}`
}

/**
 * Compares the file with the profile of the source, at the level that the table is set to, as far as the source
 * supports it.
 * @throws DwhError PROOF_FAILED
 */
export async function prove(
  { name, columns, verify }: TablePlan,
  profile: TableProfile | null,
  { path, rows }: WrittenParquet,
  writer: ParquetWriter,
): Promise<ProofEntry> {
  if (profile === null) return { level: 'counts', rows }
  const columnsOfFile = columns.map((column) => ({ name: column.as, type: column.type }))
  const file: TableProof = verify === 'counts' ? { rows, columns: {} } : await writer.prove(path, columnsOfFile, verify)
  const differences = proofDifferences(profile.proof, file, verify === 'counts' ? [] : columns)
  if (differences.length === 0) return proofEntry(verify, file)
  throw new DwhError('PROOF_FAILED', `${name}: the file ${differsText(differences)}`, {
    hint: 'The file was not published. Run again; if it fails again, please report it with the types of these columns.',
    context: { differences },
  })
}

function proofEntry(level: ProofLevel, { rows, columns, hash }: TableProof): ProofEntry {
  if (level === 'counts') return { level, rows }
  return hash === undefined ? { level: 'columns', rows, columns } : { level: 'hash', rows, columns, hash }
}
