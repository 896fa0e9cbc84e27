/** Width of a default terminal, for which every text is written. */
export const DEFAULT_WIDTH = 80
/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST = 100

/** Returns the width of a help text. `columns`: those of the terminal; undefined if the text goes elsewhere. */
export function helpWidth(columns: number | undefined): number {
  return Math.min(columns ?? DEFAULT_WIDTH, WIDEST)
}
