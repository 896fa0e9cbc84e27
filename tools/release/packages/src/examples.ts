import { join, relative } from 'node:path'
import { readPage } from '@dwh/docs/pages'
import type { Packed } from './pack.ts'
import { ROOT } from './workspace.ts'

/** A TypeScript block of a README, with its assumptions filled in, to run. */
export interface Example {
  /** The package and the line of the block: `storage-12.ts`, or `storage-23.test.ts` for a test of vitest. */
  readonly file: string
  readonly text: string
}

/** Placeholders of READMEs, and their values here. */
export interface Given {
  /** Replaces `ASSUMED_URL`. */
  readonly url: string
  /** Replaces `/var/tmp`. */
  readonly temporary: string
}

const ASSUMED_URL = 'postgres://reader@localhost/app'

/** Returns the TypeScript blocks of the README in a packed package. */
export function examplesOf({ name, folder }: Packed, { url, temporary }: Given): Example[] {
  return readPage(relative(ROOT, join(folder, 'README.md')))
    .blocks.filter(({ language }) => language === 'ts')
    .map(({ line, text }) => ({
      file: `${name.slice('@dwh/'.length)}-${line}${text.includes('storeContract(') ? '.test' : ''}.ts`,
      text: `${text.replaceAll(ASSUMED_URL, url).replaceAll('/var/tmp', temporary)}\nexport {}\n`,
    }))
}

/** Returns the first `sh` block of a README, with its placeholders replaced. */
export function firstCommands({ folder }: Packed, { url }: Given): string {
  const { blocks } = readPage(relative(ROOT, join(folder, 'README.md')))
  const block = blocks.find(({ language }) => language === 'sh')
  return (block?.text ?? '').replaceAll(ASSUMED_URL, url)
}

/**
 * Returns our packages that a README says to install, and those that its examples import. All of the second must be
 * among the first.
 */
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
