/** Returns the names with repeated ones made unique: `a`, `a_1`, `a_2`. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let n = 1; taken.has(unique); n += 1) unique = `${name}_${n}`
    taken.add(unique)
    return unique
  })
}
