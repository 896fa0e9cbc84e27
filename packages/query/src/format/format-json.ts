import type { QueryResult } from '../query-result.ts'
import { timeZone } from './time-zone.ts'
import { uniqueNames } from './unique-names.ts'
import { jsonString, valueJson } from './value-text.ts'

/** One array of objects. Repeated column names get `_1`, `_2`. */
export async function* formatJson(result: QueryResult): AsyncGenerator<string> {
  let before = '[\n  '
  for await (const lines of jsonObjects(result)) {
    yield before + lines.join(',\n  ')
    before = ',\n  '
  }
  yield before.startsWith('[') ? '[]\n' : '\n]\n'
}

/** One object per line: https://jsonlines.org */
export async function* formatJsonLines(result: QueryResult): AsyncGenerator<string> {
  for await (const lines of jsonObjects(result)) yield `${lines.join('\n')}\n`
}

async function* jsonObjects({ columns, rows, timeZone: zone }: QueryResult): AsyncGenerator<string[]> {
  const names = uniqueNames(columns.map((column) => column.name)).map(jsonString)
  const local = timeZone(zone)
  for await (const batch of rows) {
    yield batch.map(
      (row) => `{${columns.map(({ type }, i) => `${names[i]}:${valueJson(row[i] ?? null, type, local)}`).join(',')}}`,
    )
  }
}
