import { readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = new URL('../../../../', import.meta.url)
const PAGE = new URL('docs/reading.md', ROOT)

/** The fenced blocks of docs/reading.md in this language. */
export function examples(language: string): string[] {
  const blocks = readFileSync(PAGE, 'utf8').matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))
  return [...blocks].map(([, text = '']) => text)
}

/** The rows of a file, as the page's example for hyparquet prints them: it is run as it is, with another path. */
export async function rowsByTheExample(path: string): Promise<Record<string, unknown>[]> {
  const [example = ''] = examples('ts').filter((text) => text.includes("from 'hyparquet'"))
  const folder = await mkdtemp(join(tmpdir(), 'dwh-example-'))
  try {
    await symlink(fileURLToPath(new URL('node_modules', ROOT)), join(folder, 'node_modules'))
    const script = example
      .replaceAll(/: (bigint|number|Uint8Array)\)/g, ')')
      .replace(/'warehouse\/[^']*'/, JSON.stringify(path))
      .replace('console.log(', 'export default (')
    await writeFile(join(folder, 'example.mjs'), script)
    return (await import(pathToFileURL(join(folder, 'example.mjs')).href)).default
  } finally {
    await rm(folder, { recursive: true })
  }
}
