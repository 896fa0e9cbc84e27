/** Yields what is answered, once. */
export async function* once<T>(answer: Promise<T>): AsyncGenerator<T> {
  yield await answer
}
