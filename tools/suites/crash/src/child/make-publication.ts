import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ObjectStore, partKey, type TableEntry } from '@dwh/core'
import { type PublishOptions, putPart } from '@dwh/metadata'

const DATE = '2026-02-18'

/** Puts two files of a run, and returns what it publishes. */
export async function makePublication(store: ObjectStore, folder: string, runId: string): Promise<PublishOptions> {
  const now = new Date()
  const tables: Record<string, TableEntry> = {}
  for (const name of ['left', 'right']) {
    const body = `${name} of ${runId}`
    const key = partKey({ schema: 'public', name }, DATE, runId)
    const path = join(folder, `${name}-${runId}`)
    await mkdir(folder, { recursive: true })
    await writeFile(path, body)
    await putPart(store, key, path)
    const sha256 = createHash('sha256').update(body).digest('hex')
    tables[name] = {
      source: { name: 'default', schema: 'public', table: name },
      run_id: runId,
      date: DATE,
      mode: 'snapshot',
      snapshot: { id: runId, position: null, taken_at: now.toISOString() },
      files: [{ key, rows: 1, bytes: body.length, sha256 }],
      columns: [],
      proof: { level: 'counts', rows: 1 },
      schema_hash: 'x',
      primary_key: [],
      watermark: null,
      lossy_conversions: {},
    }
  }
  const clock = () => new Date()
  return { runId, date: DATE, tables, failed: {}, dropped: [], sources: {}, startedAt: now, now, clock }
}
