/** Nests values by their dotted keys, in the structure of the file; leaves out undefined values. */
export function nested(values: Iterable<readonly [key: string, value: unknown]>): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of values) {
    if (value === undefined) continue
    const path = key.split('.')
    let place = result
    for (const part of path.slice(0, -1)) {
      place[part] ??= {}
      place = place[part] as Record<string, unknown>
    }
    place[path.at(-1) ?? key] = value
  }
  return result
}

/** The value of a dotted key, in the structure of the file. */
export function valueAt(values: object, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((value, part) => (value as Readonly<Record<string, unknown>> | undefined)?.[part], values)
}
