import { takeStatements } from '@dwh/warehouse'

/** A way of psql and mysql to end a statement: `\g`, or `\gx` and `\G` for a vertical result. */
const ENDED = /\\(g|gx|G)\s*$/

/** Reads the end of a text that is being typed. Returns it with a semicolon, and whether the result is vertical. */
export function endOfStatement(text: string): { readonly text: string; readonly vertical: boolean } {
  const found = ENDED.exec(text)
  const before = text.slice(0, found?.index)
  if (found === null || takeStatements(before).within !== null) return { text, vertical: false }
  return { text: `${before};`, vertical: found[1] !== 'g' }
}

const OPEN: Readonly<Record<string, string>> = {
  "'": "a text is open: end it with '",
  '"': 'a name is open: end it with "',
  $: 'a text is open: end it with the $...$ that began it',
  '/*': 'a comment is open: end it with */',
}

const SHOWN_CHARACTERS = 40

/** Explains why a statement that is being typed has not run yet, and how to end or drop it. */
export function unfinishedText(text: string): string {
  const statement = text.trim().replace(/\s+/g, ' ')
  const shown = statement.length > SHOWN_CHARACTERS ? `${statement.slice(0, SHOWN_CHARACTERS)}…` : statement
  const { within } = takeStatements(text)
  const open = within === null ? '' : `In it ${OPEN[within]}.\n`
  return `Not run yet: ${shown}\n${open}A semicolon ends and runs the statement, Ctrl-C drops it.\n`
}
