import { join, relative } from 'node:path'
import { readPage } from '@dwh/docs/pages'
import type { Packed } from './pack.ts'
import { ROOT } from './workspace.ts'

/** What is run of a README: a TypeScript block, with what it takes for granted put in. */
export interface Example {
  /** The package and the line of the block: `storage-12.ts`, or `storage-23.test.ts` for a test of vitest. */
  readonly file: string
  readonly text: string
}

/** What READMEs take for granted, and what is there instead. */
export interface Given {
  /** For `ASSUMED_URL`. */
  readonly url: string
  /** For `/var/tmp`. */
  readonly temporary: string
}

const ASSUMED_URL = 'postgres://reader@localhost/app'

/** The TypeScript blocks of the README that a package was packed with. */
export function examplesOf({ name, folder }: Packed, { url, temporary }: Given): Example[] {
  return readPage(relative(ROOT, join(folder, 'README.md')))
    .blocks.filter(({ language }) => language === 'ts')
    .map(({ line, text }) => ({
      file: `${name.slice('@dwh/'.length)}-${line}${text.includes('storeContract(') ? '.test' : ''}.ts`,
      text: `${text.replaceAll(ASSUMED_URL, url).replaceAll('/var/tmp', temporary)}\nexport {}\n`,
    }))
}

/** The first `sh` block of a README, with what it takes for granted put in. */
export function firstCommands({ folder }: Packed, { url }: Given): string {
  const { blocks } = readPage(relative(ROOT, join(folder, 'README.md')))
  const block = blocks.find(({ language }) => language === 'sh')
  return (block?.text ?? '').replaceAll(ASSUMED_URL, url)
}

/** The packages of ours that a README says to install, and those that its examples import: the second are among the first. */
export function installLine({ folder }: Packed): { installed: string[]; imported: string[] } {
  const { blocks } = readPage(relative(ROOT, join(folder, 'README.md')))
  const names = (language: string, pattern: RegExp) => [
    ...new Set(
      blocks
        .filter((block) => block.language === language)
        .flatMap(({ text }) => [...text.matchAll(pattern)].flatMap(([, found = '']) => found.split(' '))),
    ),
  ]
  return {
    installed: names('sh', /^npm install (.+)$/gm),
    imported: names('ts', /from '(@dwh\/[a-z-]+)/g),
  }
}
