import { cutText } from '@dwh/warehouse'

/** Cuts each line of a text to a terminal. */
export function fitLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => cutText(line, columns))
    .join('\n')
}
