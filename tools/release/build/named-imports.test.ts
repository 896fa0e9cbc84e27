import { expect, test } from 'vitest'
import { namesFrom, onlyNames } from './named-imports.ts'

test('names that a file imports or passes on from a package: values only, each once', () => {
  const text = `import { a, type T, b as c } from '@dwh/core'
import type { U } from '@dwh/core'
import { other } from '@dwh/query'
export {
  a,
  d as e,
} from '@dwh/core'
`
  expect(namesFrom(text, '@dwh/core')).toEqual(['a', 'b', 'd'])
})

test('index: exports only the wanted names, and nothing of files that have none of them', () => {
  const index = `export type { T } from './t.ts'
export { a, type A } from './a.ts'
export {
  b,
  c as d,
} from './b.ts'
export { e } from '@dwh/other'
`
  expect(onlyNames(index, ['b', 'd']).trim()).toBe(`export { b, c as d } from './b.ts'`)
  expect(onlyNames(index, ['a', 'e']).replaceAll(/\n+/g, '\n').trim()).toBe(
    `export { a } from './a.ts'\nexport { e } from '@dwh/other'`,
  )
})
