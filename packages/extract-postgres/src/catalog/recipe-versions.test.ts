import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { PgType } from './pg-type.ts'
import { decideType, MAPPED_NAMES, mapType } from './pg-types.ts'
import { RECIPE_VERSIONS, recipesOf } from './recipe-versions.ts'
import type { TypeMapping } from './type-mapping.ts'

const PINNED = new URL('./recipe-versions.json', import.meta.url)

const BASE: PgType = {
  oid: 20_000,
  name: 'other',
  schema: 'public',
  modifier: -1,
  moneyDigits: 2,
  kind: 'b',
  extension: null,
  delimiter: ',',
  element: null,
  fields: null,
}
const builtIn = (name: string): PgType => ({ ...BASE, oid: 20, name, schema: 'pg_catalog' })

/** Types that a recipe is tried with. */
function samples(name: string): readonly PgType[] {
  const [extension, ofExtension] = name.split('.')
  const enumType: PgType = { ...BASE, name: 'mood', kind: 'e' }
  const pair: PgType = {
    ...BASE,
    kind: 'c',
    fields: [
      { name: 'a', type: builtIn('int4') },
      { name: 'b', type: enumType },
      { name: 'c', type: builtIn('money') },
    ],
  }
  const arrayOf = (element: PgType): PgType => ({ ...BASE, element })
  switch (name) {
    case 'an enum':
      return [enumType]
    case 'an array':
      return ['int4', 'bytea', 'money', 'hstore.hstore', 'postgis.geometry', 'vector.vector', 'an enum', 'any other']
        .flatMap(samples)
        .map(arrayOf)
    case 'a composite':
      return [pair]
    case 'any other':
      return [BASE, builtIn('inet')]
    case 'numeric':
      return [-1, 655_366, 2_621_446].map((modifier) => ({ ...builtIn(name), modifier }))
    default:
      return [ofExtension ? { ...BASE, name: ofExtension, extension: extension as string } : builtIn(name)]
  }
}

/** Everything that a mapping does to a value, by the user's choice. */
function recipe(mapping: TypeMapping): unknown {
  const decided = mapping.inferred === 'shape' ? [decideType(mapping, `${mapping.element?.type as 'INTEGER'}[]`)] : []
  const sql = ({ type, select, value, binary = false }: TypeMapping) => [type, select('"c"'), value('"c"'), binary]
  const choices = { ...mapping.allowedTypes, latin1: mapping.decoded?.('LATIN1') }
  return {
    plain: sql(mapping),
    ...(decided[0] ? { list: sql(decided[0]) } : {}),
    ...Object.fromEntries(Object.entries(choices).flatMap(([name, chosen]) => (chosen ? [[name, sql(chosen)]] : []))),
  }
}

const now = (name: string): unknown => JSON.parse(JSON.stringify(samples(name).map((type) => recipe(mapType(type)))))

test('recipes: each type of the table has a version, and no other name has', () => {
  const others = ['an enum', 'an array', 'a composite', 'any other']
  expect(Object.keys(RECIPE_VERSIONS).sort()).toEqual([...MAPPED_NAMES, ...others].sort())
})

// DOCS=write adds a version that is not pinned yet; it never replaces one
test.each(Object.entries(RECIPE_VERSIONS))(
  'recipe of %s: the SQL of its version, or its version is raised',
  (name, version) => {
    const pinned: Record<string, Record<string, unknown>> = JSON.parse(readFileSync(PINNED, 'utf8'))
    if (process.env.DOCS === 'write' && pinned[name]?.[version] === undefined) {
      pinned[name] = { ...pinned[name], [version]: now(name) }
      writeFileSync(PINNED, `${JSON.stringify(pinned, null, 2)}\n`)
    }
    const advice = `raise the version of ${name} in RECIPE_VERSIONS, then DOCS=write npm test -- recipe-versions`
    expect(now(name), advice).toEqual(pinned[name]?.[version])
  },
)

test('recipesOf: those of all types inside, each once', () => {
  const row: PgType = {
    ...BASE,
    kind: 'c',
    fields: [
      { name: 'a', type: builtIn('numeric') },
      { name: 'b', type: { ...BASE, element: builtIn('numeric') } },
    ],
  }
  expect(recipesOf({ ...BASE, element: row })).toEqual([
    ['a composite', 1],
    ['an array', 1],
    ['numeric', 1],
  ])
})
