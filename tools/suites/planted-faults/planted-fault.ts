/** A one-line fault in the code, and the tests that must fail. */
export interface PlantedFault {
  /** The effect of the fault. */
  readonly name: string
  /** Path from the root of the repository. */
  readonly file: string
  /** Text that is in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** Test files, from the root; few and fast ones. They run on the source, so tests of built apps cannot be used. */
  readonly tests: readonly string[]
  /** Part of the names of the tests that fail, if the whole file is slow. */
  readonly only?: string
}

/** Returns the file with the fault in it. @throws if the text is not in it exactly once: then update the list */
export function plant({ name, file, find, replace }: PlantedFault, source: string): string {
  const count = source.split(find).length - 1
  if (count !== 1) throw new Error(`${name}: ${file} contains ${JSON.stringify(find)} ${count} times, not once`)
  return source.replace(find, () => replace)
}
