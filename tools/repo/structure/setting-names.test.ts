import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OTHER_VARIABLES, SETTINGS } from '@dwh/config'
import { expect, test } from 'vitest'
import { packagesIn, root } from './workspace-folders.ts'

/** Returns the shipped code, except the list of settings. */
function sources(): { file: string; text: string }[] {
  return ['packages', 'apps']
    .flatMap(packagesIn)
    .map((folder) => `${folder}/src`)
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
    )
    .filter((file) => /\.ts$/.test(file) && !/\.(test|child)\.ts$|test-support\.ts$|\/testing\/|\.child-/.test(file))
    .filter((file) => !/packages\/config\/src\/settings(-list\.ts$|\/)/.test(file))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
}

test('settings: every variable in a message or help is in the list', () => {
  const known = [...SETTINGS.flatMap(({ variable }) => variable ?? []), ...Object.keys(OTHER_VARIABLES)]
  const texts = sources()
  const constants = texts.flatMap(({ text }) => [...text.matchAll(/\bconst ([A-Z0-9_]+)/g)].map(([, name]) => name))
  const named = texts.flatMap(({ file, text }) =>
    [...text.matchAll(/\b(?:DWH|S3)_[A-Z0-9_]*[A-Z0-9]\b/g)].map(([name]) => ({ file, name })),
  )
  expect(named.filter(({ name }) => !known.includes(name) && !constants.includes(name))).toEqual([])
})

test('settings: no code reads one from the environment by its name', () => {
  const asked = sources().flatMap(({ file, text }) =>
    [...text.matchAll(/\benv(?:\.|\[')((?:DWH|S3)_\w+)/g)].map(([, name = '']) => ({ file, name })),
  )
  expect(asked.filter(({ name }) => !Object.hasOwn(OTHER_VARIABLES, name))).toEqual([])
})

test('settings: no two have the same key, variable or flag', () => {
  for (const of of ['key', 'variable'] as const) expectOnce(SETTINGS.flatMap((setting) => setting[of] ?? []))
  expectOnce(SETTINGS.flatMap(({ flag }) => flag?.name ?? []))
})

function expectOnce(names: readonly string[]): void {
  expect(names).toEqual([...new Set(names)])
}
