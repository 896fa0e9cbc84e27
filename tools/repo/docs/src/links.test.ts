import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { listPages, ROOT, readPage } from './pages.ts'

test.each(listPages().map((page) => [page.path, page] as const))('%s: every link has a target', (path, page) => {
  const prose = page.text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '')
  const lost: string[] = []
  for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue
    const [file = '', anchor] = target.split('#')
    const place = file === '' ? path : join(dirname(path), file)
    if (!existsSync(join(ROOT, place))) lost.push(target)
    else if (anchor !== undefined && !anchors(place).includes(anchor)) lost.push(target)
  }
  expect(lost).toEqual([])
})

function anchors(path: string): string[] {
  const headings = [...readPage(path).text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
