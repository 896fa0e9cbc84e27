import type { AnyType } from './container-types.ts'
import type { Random } from './random.ts'

/** Returns the text of a random value of a type, as its input function accepts it; null for NULL. */
export function anyValue(random: Random, type: AnyType): string | null {
  if (random.chance(0.15)) return null
  switch (type.kind) {
    case 'leaf':
      return random.one(type.values)
    case 'domain':
      return anyValue(random, type.of)
    case 'composite':
      return `(${type.fields.map(([, of]) => quoted(anyValue(random, of), '')).join(',')})`
    case 'array':
      return anyArray(random, type.of)
  }
}

function anyArray(random: Random, of: AnyType): string {
  if (random.chance(0.15)) return '{}'
  const lengths = Array.from({ length: random.one([1, 1, 1, 2, 3]) }, () => 1 + random.below(3))
  const level = ([length = 0, ...inner]: readonly number[]): string => {
    const items = Array.from({ length }, () => (inner.length > 0 ? level(inner) : quoted(anyValue(random, of), 'NULL')))
    return `{${items.join(delimiterOf(of))}}`
  }
  const bounds = lengths.map((length) => {
    const lower = random.below(5) - 2
    return `[${lower}:${lower + length - 1}]`
  })
  return `${random.chance(0.2) ? `${bounds.join('')}=` : ''}${level(lengths)}`
}

/** Returns the delimiter of arrays of a type. */
export function delimiterOf(type: AnyType): string {
  if (type.kind === 'leaf') return type.delimiter ?? ','
  return type.kind === 'composite' ? ',' : delimiterOf(type.of)
}

function quoted(text: string | null, none: string): string {
  return text === null ? none : `"${text.replace(/["\\]/g, '\\$&')}"`
}
