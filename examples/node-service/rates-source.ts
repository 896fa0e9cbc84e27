import { DwhError, type Source, type TableSchema } from '@dwh/core'

const RATES: TableSchema = {
  schema: 'public',
  name: 'rates',
  columns: [
    { name: 'currency', type: 'VARCHAR', nullable: false },
    { name: 'day', type: 'DATE', nullable: false },
    { name: 'rate', type: 'DECIMAL(18,6)' },
  ],
  primaryKey: ['currency', 'day'],
}

type Row = [currency: string, day: string, rate: string | null]

/** Reads the pages of an API as batches of rows. */
async function* pages(url: string, signal?: AbortSignal): AsyncGenerator<Row[]> {
  for (let next: string | null = url; next !== null; ) {
    const answer = await fetch(next, signal ? { signal } : {})
    if (!answer.ok) throw new DwhError('SOURCE_FAILED', `rates: the API answers ${answer.status}`)
    const page = (await answer.json()) as { rates: Row[]; next: string | null }
    if (page.rates.length > 0) yield page.rates // a batch is never empty
    next = page.next
  }
}

/** A source with one table: opens a snapshot, lists the tables and reads their rows. */
export function ratesSource(url: string): Source {
  return {
    async open() {
      return {
        info: { source: { kind: 'rates-api' }, id: null, position: null, takenAt: new Date().toISOString() },
        parallel: 1,
        tables: async () => [RATES],
        read: (_table, options) => ({ rows: pages(url, options?.signal) }),
        close: async () => {},
      }
    },
  }
}
