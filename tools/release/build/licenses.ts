import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Options } from 'tsup'

/** Third-party files in a bundle, as esbuild names its inputs: `.../node_modules/<name>/...`. */
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//

interface Notice {
  /** Name, version, and the licence's SPDX expression. */
  readonly title: string
  /** Its repository: packages of one repository have one licence. */
  readonly repository: string | undefined
  readonly text: string | undefined
}

/** Writes the licence texts of all bundled packages to a file, as the licences require. */
export function licenses(file: string): NonNullable<Options['esbuildPlugins']>[number] {
  return {
    name: 'licenses',
    setup(build) {
      build.initialOptions.metafile = true
      build.onEnd(async ({ metafile }) => {
        const folders = Object.keys(metafile?.inputs ?? {}).flatMap((input) => PACKAGE.exec(input)?.[1] ?? [])
        const notices = await noticesOf([...new Set(folders)])
        // the folder is made here, since no output exists yet
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, notices)
      })
    },
  }
}

/**
 * Returns the name, version and licence text of each package. The text is in a file of its own, in its README, or in
 * another of these packages from the same repository.
 * @throws Error for a package without a licence text, or whose manifest names no licence
 */
export async function noticesOf(folders: readonly string[]): Promise<string> {
  const notices = await Promise.all(folders.map(readNotice))
  const blocks = notices.map(({ title, repository, text }) => {
    const sibling = notices.find((other) => other.repository === repository && other.text !== undefined)
    const found = text ?? (repository === undefined ? undefined : sibling?.text)
    if (found === undefined) throw new Error(`${title}: the text of its licence is missing`)
    return `${title}\n\n${found.trim()}\n${'-'.repeat(80)}\n`
  })
  return [...new Set(blocks)].sort().join('\n')
}

async function readNotice(folder: string): Promise<Notice> {
  const { name, version, license, repository } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  if (typeof license !== 'string') throw new Error(`${resolve(folder)}: its package.json names no license`)
  return {
    title: `${name} ${version} (${license})`,
    repository: typeof repository === 'string' ? repository : repository?.url,
    text: await licenseText(folder),
  }
}

async function licenseText(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder)
  const file = entries.find((entry) => /^licen[cs]e([.-]|$)/i.test(entry))
  if (file !== undefined) return readFile(join(folder, file), 'utf8')
  const readme = entries.find((entry) => /^readme(\.|$)/i.test(entry))
  if (readme === undefined) return undefined
  const [, section] =
    /^#+ *licen[cs]e\s*$([\s\S]*?)(?=^#|(?![\s\S]))/im.exec(await readFile(join(folder, readme), 'utf8')) ?? []
  return section !== undefined && /copyright/i.test(section) ? section : undefined
}
