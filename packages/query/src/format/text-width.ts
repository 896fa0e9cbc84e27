import stringWidth from 'string-width'

/** Texts of these characters have one cell for each. */
const ASCII = /^[\x20-\x7e]*$/
/** Characters that are looked at for each cell of a terminal: enough for those that take several to write. */
const CHARACTERS_PER_CELL = 8

const clusters = new Intl.Segmenter()

/** Returns the cells that a text takes on a terminal; `atMost` for every longer text, which is not read to its end. */
export function textWidth(text: string, atMost: number = Number.POSITIVE_INFINITY): number {
  const part = text.slice(0, atMost * CHARACTERS_PER_CELL)
  return Math.min(ASCII.test(part) ? part.length : stringWidth(part), atMost)
}

/** Cuts a text to a number of cells; the last one is then `…`. */
export function cutText(text: string, width: number): string {
  if (width < 1) return ''
  if (textWidth(text, width + 1) <= width) return text
  return `${firstCells(text, width - 1)}…`
}

/** Breaks a text into lines of at most `width` cells, between any two characters. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (textWidth(rest, width + 1) > width) {
    const line = firstCells(rest, width) || firstCluster(rest)
    lines.push(line)
    rest = rest.slice(line.length)
  }
  return [...lines, rest]
}

/** Breaks a text into lines of at most `width` cells, between words; a longer word gets a line of its own. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && textWidth(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

/** Returns the longest beginning of a text that takes at most `width` cells. */
function firstCells(text: string, width: number): string {
  // with the next character, which may belong to the last one
  if (ASCII.test(text.slice(0, width + 1))) return text.slice(0, width)
  let end = 0
  let used = 0
  for (const { segment } of clusters.segment(text)) {
    used += stringWidth(segment)
    if (used > width) break
    end += segment.length
  }
  return text.slice(0, end)
}

function firstCluster(text: string): string {
  for (const { segment } of clusters.segment(text)) return segment
  return ''
}
