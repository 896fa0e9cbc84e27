import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Options } from 'tsup'

/** Other people's packages in a bundle, as esbuild names the files of its inputs: `.../node_modules/<name>/...`. */
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//

/**
 * Writes the name, version and licence text of each package that went into a bundle: what their licences ask of whoever passes them on.
 * A package without a licence file is named with what its manifest says; one that says nothing fails the build.
 */
export function licenses(file: string): NonNullable<Options['esbuildPlugins']>[number] {
  return {
    name: 'licenses',
    setup(build) {
      build.initialOptions.metafile = true
      build.onEnd(async ({ metafile }) => {
        const folders = Object.keys(metafile?.inputs ?? {}).flatMap((input) => PACKAGE.exec(input)?.[1] ?? [])
        const texts = await Promise.all([...new Set(folders)].map(noticeOf))
        // the build itself makes the folder only later
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, [...new Set(texts)].sort().join('\n'))
      })
    },
  }
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  if (typeof license !== 'string') throw new Error(`${resolve(folder)}: its package.json names no license`)
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e(\.|$)/i.test(basename(entry)))
  const text = file === undefined ? '' : `\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`
  return `${name} ${version} (${license})\n${text}${'-'.repeat(80)}\n`
}
