import { randomBytes } from 'node:crypto'
import { postgresSource } from '@dwh/extract-postgres'
import { openParquetWriter } from '@dwh/parquet-writer'
import { runPipeline } from '@dwh/pipeline'
import pg from 'pg'
import { openPlace } from './open-place.ts'
import type { ManyRunsSpec } from './spec.ts'

/** Replaces the day repeatedly; before each run, money moves from one table to the other. */
export async function manyRuns({ place, databaseUrl, temp, runs }: ManyRunsSpec): Promise<{ runs: number }> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const writer = await openParquetWriter({ tempDirectory: temp })
  const store = openPlace(place)
  try {
    for (let run = 0; run < runs; run += 1) {
      await client.query(
        `BEGIN; UPDATE left_pocket SET n = n - 1 WHERE id <= ${run % 7}; UPDATE right_pocket SET n = n + 1 WHERE id <= ${run % 7}; COMMIT`,
      )
      const report = await runPipeline({
        store,
        sources: { default: { source: postgresSource({ connection: databaseUrl }) } },
        writer,
        tempDirectory: temp,
        clock: () => new Date(),
        random: randomBytes,
      })
      if (report.unfinished !== null) throw report.unfinished
    }
    return { runs }
  } finally {
    await writer.close()
    await client.end()
  }
}
