import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { noticesOf } from './licenses.ts'

const REPOSITORY = { type: 'git', url: 'git+https://example.com/agents.git' }

async function packages(all: Record<string, Record<string, string | object>>): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'dwh-test-'))
  onTestFinished(() => rm(root, { recursive: true }))
  return Promise.all(
    Object.entries(all).map(async ([name, { manifest = {}, ...files }]) => {
      const folder = join(root, name)
      await mkdir(folder)
      const written = { name, version: '1.0.0', license: 'MIT', ...(manifest as object) }
      await writeFile(join(folder, 'package.json'), JSON.stringify(written))
      for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text as string)
      return folder
    }),
  )
}

test('licences: each package with the text of its licence, from any of its places', async () => {
  const notices = await noticesOf(
    await packages({
      plain: { LICENSE: 'Copyright Plain' },
      dashed: { 'LICENSE-MIT.txt': 'Copyright Dashed', 'README.md': '## License\n\nMIT' },
      readme: { 'README.md': '# readme\n\nNo license here.\n\n## license\n\nCopyright Readme\n\nPermission\n' },
      middle: { 'README.md': '# middle\n\n## Licence\n\nCopyright Middle\n\n## Thanks\n\nto all\n' },
      agent: { manifest: { repository: REPOSITORY }, licence: 'Copyright Agent' },
      sibling: { manifest: { repository: REPOSITORY } },
    }),
  )
  const blocks = notices.split(`\n${'-'.repeat(80)}\n`).map((block) => block.trim().split(/\n+/))
  expect(blocks).toEqual([
    ['agent 1.0.0 (MIT)', 'Copyright Agent'],
    ['dashed 1.0.0 (MIT)', 'Copyright Dashed'],
    ['middle 1.0.0 (MIT)', 'Copyright Middle'],
    ['plain 1.0.0 (MIT)', 'Copyright Plain'],
    ['readme 1.0.0 (MIT)', 'Copyright Readme', 'Permission'],
    ['sibling 1.0.0 (MIT)', 'Copyright Agent'],
    [''],
  ])
})

test.each([
  ['no text at all', { 'index.js': '' }, 'bare 1.0.0 (MIT): the text of its licence is missing'],
  ['a README that only names it', { 'README.md': '## License\n\nMIT\n' }, 'the text of its licence is missing'],
  ['no licence', { manifest: { license: undefined } }, 'its package.json names no license'],
])('%s: the build fails', async (_, files, message) => {
  await expect(noticesOf(await packages({ bare: files }))).rejects.toThrow(message)
})
