import { columnTypeRow, elementType, type ScalarType } from '@dwh/core'
import { rowsByTheExample } from './page-examples.ts'
import { type ExactText, type Found, type FoundFile, floatText, listText, type ReadFiles, utf8Text } from './values.ts'

/** What hyparquet gives, read as docs/reading.md does. */
export const hyparquetValues: ReadFiles = async (files) => {
  const found: Record<string, FoundFile> = {}
  for (const [name, { path, types }] of Object.entries(files)) {
    const rows = await rowsByTheExample(path)
    rows.sort((a, b) => Number(a.id) - Number(b.id))
    found[name] = {
      values: Object.fromEntries(
        Object.entries(types).map(([column, type]) => [
          column,
          rows.map((row): Found => {
            const element = elementType(type)
            if (element === null) return { is: textOf(type as ScalarType, row[column]) }
            const items = row[column] as unknown[] | null | undefined
            return { is: items == null ? null : listText(items.map((item) => textOf(element, item))) }
          }),
        ]),
      ),
    }
  }
  return found
}

function textOf(type: ScalarType, value: unknown): ExactText {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return `truth ${value}`
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  const { kind } = columnTypeRow(type)
  // a number of JavaScript is what the type of its column says
  if (kind === 'id') return `uuid ${value}`
  if (typeof value === 'string') return utf8Text(value)
  if (kind === 'whole') return `number ${value}`
  if (kind === 'day' || kind === 'time' || kind === 'moment') return `${kind} ${value}`
  return typeof value === 'number' ? floatText(value) : `${typeof value} ${value}`
}
