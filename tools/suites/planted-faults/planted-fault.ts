/** One line of the code made wrong, and the tests that must notice. */
export interface PlantedFault {
  /** What then goes wrong. */
  readonly name: string
  /** From the root of the repository. */
  readonly file: string
  /** Text of the file, which has it exactly once. */
  readonly find: string
  readonly replace: string
  /** Test files, from the root; as few and as quick as there are. They run on the source: not those of apps that start what was built. */
  readonly tests: readonly string[]
  /** Part of the names of the tests that notice, where a file takes long as a whole. */
  readonly only?: string
}

/** The file with the fault in it. @throws where the text is not there, or not once: the list has to follow the code */
export function plant({ name, file, find, replace }: PlantedFault, source: string): string {
  const count = source.split(find).length - 1
  if (count !== 1) throw new Error(`${name}: ${file} has ${JSON.stringify(find)} ${count} times, not once`)
  return source.replace(find, () => replace)
}
