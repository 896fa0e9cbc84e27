import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

export const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url))

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  /** The text after the language. */
  readonly note: string
  /** Where the block opens, counted from 1. */
  readonly line: number
  readonly text: string
}

export interface Page {
  /** From the root of the project. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]
}

/** Every page that people read. */
export function listPages(): Page[] {
  const within = (folder: string) => readdirSync(join(ROOT, folder)).map((name) => join(folder, name))
  const readmes = ['packages', 'apps', 'examples'].flatMap(within).concat('seed', 'bench', 'docker')
  return [
    ...within('.'),
    ...within('docs'),
    ...within('docs/decisions'),
    ...readmes.map((folder) => join(folder, 'README.md')),
  ]
    .filter((path) => path.endsWith('.md') && existsSync(join(ROOT, path)))
    .sort()
    .map((path) => readPage(path))
}

export function readPage(path: string): Page {
  const text = readFileSync(new URL(path, `file://${ROOT}`), 'utf8')
  const blocks: Block[] = []
  let open: { language: string; note: string; line: number; lines: string[] } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const opening = /^```(\w*) *(.*)$/.exec(line)
    if (!open && opening) open = { language: opening[1] ?? '', note: opening[2] ?? '', line: index + 1, lines: [] }
    else if (open && line === '```') {
      blocks.push({ language: open.language, note: open.note, line: open.line, text: open.lines.join('\n') })
      open = null
    } else open?.lines.push(line)
  }
  if (open) throw new Error(`${path}:${open.line}: the block is not closed`)
  return { path, text, blocks }
}

/** Expects that a page, or a file beside it, is exactly this text; `DOCS=write` writes it. */
export function expectPage(path: string, text: string): void {
  const file = join(ROOT, path)
  if (process.env.DOCS === 'write') writeFileSync(file, text)
  expect(readFileSync(file, 'utf8'), `${path}: out of date; DOCS=write updates it`).toBe(text)
}
