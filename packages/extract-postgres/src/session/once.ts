/** Yields the result of a promise, once. */
export async function* once<T>(answer: Promise<T>): AsyncGenerator<T> {
  yield await answer
}
