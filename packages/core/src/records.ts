/** Makes an empty record whose keys may be any text. In `{}`, a value set as `__proto__` becomes the prototype. */
export function emptyRecord<T>(): Record<string, T> {
  return Object.create(null)
}

/**
 * Returns the value of an own key. The key may be any text, such as `constructor` or `__proto__`, which every `{}` has.
 */
export function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}
