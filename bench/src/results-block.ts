const BEGIN = '<!-- results: written by `pnpm bench --write`, not by hand -->'
const END = '<!-- end of results -->'

/**
 * A page with other results between its two marks.
 * @throws Error when the page does not have both, in this order
 */
export function replaceResults(page: string, results: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`the page has no "${BEGIN}" before an "${END}"`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${results.trim()}\n\n${page.slice(end)}`
}
