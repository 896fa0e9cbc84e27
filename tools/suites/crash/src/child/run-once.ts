import { randomBytes } from 'node:crypto'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { runPipeline } from '@dwh/pipeline'
import { observedSource, observedStore, observedWriter, type Reach } from './observe.ts'
import { openPlace } from './open-place.ts'
import type { RunSpec } from './spec.ts'

/** Runs once; kills or stops its own process at the given point. */
export async function runOnce(spec: RunSpec): Promise<{ runId: string; unfinished: string | null }> {
  const { databaseUrl, temp, date, replace, leaseTtlMs, laterMs = 0 } = spec
  const reach = reacher(spec.at)
  const writer = observedWriter(await openParquetWriter({ tempDirectory: temp }), reach)
  try {
    const report = await runPipeline({
      store: observedStore(openPlace(spec.place), reach),
      sources: { default: { source: observedSource(postgresSource({ connection: databaseUrl }), reach) } },
      writer,
      tempDirectory: temp,
      date,
      replace,
      leaseTtlMs,
      clock: () => new Date(Date.now() + laterMs),
      random: randomBytes,
    })
    return { runId: report.runId, unfinished: report.unfinished === null ? null : String(report.unfinished) }
  } finally {
    await writer.close()
  }
}

function reacher(at: RunSpec['at']): Reach {
  let left = at?.nth ?? 0
  return async (when, what) => {
    if (!at || when !== at.when || what !== at.what) return
    left -= 1
    if (left !== 0) return
    process.kill(process.pid, at.signal)
    // the signal is on its way; a killed process must do nothing more
    if (at.signal === 'SIGKILL') await new Promise(() => {})
  }
}
