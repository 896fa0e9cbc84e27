import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packagesIn, root } from './workspace-folders.ts'

/* Checks the inputs of a release, so that none is missing on release day. */

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const manifestOf = (folder: string) => JSON.parse(read(`${folder}/package.json`))

const packages = ['apps', 'packages'].flatMap(packagesIn)
const names = packages.map((folder) => manifestOf(folder).name as string)

const changesets = readdirSync(join(root, '.changeset')).filter((name) => name.endsWith('.md') && name !== 'README.md')

test('versions: all packages have the same', () => {
  const { fixed } = JSON.parse(read('.changeset/config.json'))
  expect(fixed).toHaveLength(1)
  expect([...fixed[0]].sort()).toEqual([...names].sort())
  expect(new Set(packages.map((folder) => manifestOf(folder).version)).size).toBe(1)
})

/** The format of a changeset: one line for each package between two `---`, then the sentence. */
const CHANGESET = /^---\n((?:\n*["']@dwh\/[a-z-]+["']: (?:major|minor|patch)\n)+)---\n+(\S[\s\S]*)$/

test('changesets: each names existing packages and has a sentence', () => {
  for (const name of changesets) {
    const [, head = '', sentence = ''] = CHANGESET.exec(read(`.changeset/${name}`)) ?? []
    expect([name, sentence.trim().endsWith('.')]).toEqual([name, true])
    for (const [, named = ''] of head.matchAll(/["'](.+)["']/g)) expect(names).toContain(named)
  }
})

function foldersIn(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`)
}

test('workspace dependencies: each has a version, which packing needs', () => {
  const members = [...packages, ...foldersIn('tools').flatMap((shelf) => foldersIn(shelf)), 'seed']
  const versions = new Map(
    members.flatMap((folder) => {
      try {
        const { name, version } = manifestOf(folder)
        return [[name as string, version as string | undefined] as const]
      } catch {
        return []
      }
    }),
  )
  for (const { dependencies, devDependencies } of packages.map(manifestOf)) {
    for (const [name, wanted] of Object.entries({ ...dependencies, ...devDependencies }))
      if (wanted === 'workspace:*') expect([name, versions.get(name)]).toEqual([name, expect.any(String)])
  }
})

test('workflows: actions are pinned to commits, and the release can prove its provenance', () => {
  for (const file of readdirSync(join(root, '.github/workflows'))) {
    for (const [, used = ''] of read(`.github/workflows/${file}`).matchAll(/\buses: (.+)/g))
      expect([file, used]).toEqual([
        file,
        expect.stringMatching(/^(\.\/|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/),
      ])
  }
  const release = read('.github/workflows/release.yml')
  for (const text of [
    'id-token: write',
    `npx --yes ${manifestOf('.').packageManager} run release`,
    'uses: ./.github/workflows/all.yml',
  ])
    expect(release).toContain(text)
})
