/** Numbers for values. Equal values have the same number, so that a state is a few numbers. */
export interface Numbering<T> {
  numberOf(value: T): number
  /** The value of a number: the same object each time. */
  valueOf(number: number): T
}

/** Makes a numbering of values that JSON can hold. Two records are equal only if their fields have the same order. */
export function numbering<T>(): Numbering<T> {
  const values: T[] = []
  const numbers = new Map<string, number>()
  const known = new WeakMap<object, number>()
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
  return {
    numberOf(value) {
      const found = isObject(value) ? known.get(value) : undefined
      if (found !== undefined) return found
      const text = JSON.stringify(value)
      const before = numbers.get(text)
      if (before !== undefined) return before
      const number = values.length
      // a copy without the fields that are undefined
      const copy = JSON.parse(text) as T
      numbers.set(text, number)
      values.push(copy)
      if (isObject(copy)) known.set(copy, number)
      return number
    },
    valueOf: (number) => values[number] as T,
  }
}
