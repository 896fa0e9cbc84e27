import type { QueryResult } from '../query-result.ts'
import { valueJson } from './value-text.ts'

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

async function* jsonObjects({ columns, rows }: QueryResult): AsyncGenerator<string[]> {
  const names = uniqueNames(columns.map((column) => column.name)).map((name) => JSON.stringify(name))
  for await (const batch of rows) {
    yield batch.map(
      (row) => `{${columns.map(({ type }, i) => `${names[i]}:${valueJson(row[i] ?? null, type)}`).join(',')}}`,
    )
  }
}

function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let n = 1; taken.has(unique); n += 1) unique = `${name}_${n}`
    taken.add(unique)
    return unique
  })
}
