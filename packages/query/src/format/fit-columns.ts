/** How much a column of a table would take, in cells of a terminal. */
export interface ColumnSize {
  readonly name: number
  /** The widest value. */
  readonly values: number
  /** Whether a part of a value says something: of a text it does, of a number it misleads. */
  readonly cuttable: boolean
}

/** The columns of a table that are shown, in their order. */
export interface FittedColumns {
  readonly shown: readonly { readonly index: number; readonly width: number }[]
  /** How many of the shown columns come before those that are left out; null if none is. */
  readonly gap: number | null
}

/** A text is not cut to less, as long as there is another column to leave out. */
const LEAST_CELLS = 12
/** What a column takes besides its values: a blank on each side, and the line to the next column. */
const BORDER = 3
/** The column of `…` in place of those that are left out. */
const GAP = 1 + BORDER

/**
 * Decides what of a table a terminal shows: all columns if cutting long texts is enough, or else the first ones and the
 * last one, because a query often ends with what it computes.
 */
export function fitColumns(columns: readonly ColumnSize[], width: number): FittedColumns {
  // the last column has no line after it
  const room = width + 1
  const least = columns.map(leastWidth)
  const all = columns.map((_, index) => index)
  if (sum(least) + BORDER * columns.length <= room) return { shown: widen(all, columns, room), gap: null }
  if (columns.length === 1) return { shown: widen(all, columns, room), gap: null }
  const shown = widen(choose(least, room - GAP), columns, room - GAP)
  const gap = shown.findIndex(({ index }, at) => index !== at)
  return { shown, gap: gap < 0 ? shown.length : gap }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

function leastWidth({ name, values, cuttable }: ColumnSize): number {
  const shortName = Math.min(name, LEAST_CELLS)
  return cuttable ? Math.max(shortName, Math.min(values, LEAST_CELLS)) : Math.max(shortName, values)
}

/** Takes the first column in any case, then the last one and the next ones, until one does not fit. */
function choose(least: readonly number[], room: number): number[] {
  const [first = 0, ...others] = least.map((_, index) => index)
  const last = others.pop()
  const chosen: number[] = []
  let used = 0
  for (const index of [first, ...(last === undefined ? [] : [last]), ...others]) {
    used += (least[index] as number) + BORDER
    if (used > room && chosen.length > 0) break
    chosen.push(index)
  }
  return chosen.sort((a, b) => a - b)
}

/** Gives each column what it needs up to a common limit, which is as high as the room allows. */
function widen(indexes: readonly number[], columns: readonly ColumnSize[], room: number): FittedColumns['shown'] {
  const cells = Math.max(room - BORDER * indexes.length, 1)
  const natural = indexes.map((index) => Math.max(columns[index]?.name ?? 0, columns[index]?.values ?? 0))
  const least = indexes.map((index) => leastWidth(columns[index] as ColumnSize))
  const upTo = (limit: number) => natural.map((width, i) => Math.max(least[i] as number, Math.min(width, limit)))
  let limit = Math.min(Math.max(...natural, 1), cells)
  while (limit > 1 && sum(upTo(limit)) > cells) limit -= 1
  const widths = upTo(limit).map((width) => Math.min(width, cells))
  let left = cells - sum(widths)
  return indexes.map((index, i) => {
    const more = Math.min(left, (natural[i] as number) - (widths[i] as number), 1)
    left -= Math.max(more, 0)
    return { index, width: (widths[i] as number) + Math.max(more, 0) }
  })
}
