const BEGIN = '<!-- results: written by `pnpm bench --write`, not by hand -->'
const END = '<!-- end of results -->'

/**
 * Replaces the results between the two marks of a page.
 * @throws Error if the page lacks a mark, or they are in the wrong order
 */
export function replaceResults(page: string, results: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`the page needs "${BEGIN}" and after it "${END}"`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${results.trim()}\n\n${page.slice(end)}`
}
