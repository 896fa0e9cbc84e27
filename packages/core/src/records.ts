/** An empty record whose keys may be any text. In `{}` what is put under `__proto__` becomes its prototype. */
export function emptyRecord<T>(): Record<string, T> {
  return Object.create(null)
}

/** The value under a name that anybody may have chosen, such as `constructor` or `__proto__`, which every `{}` has. */
export function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}
