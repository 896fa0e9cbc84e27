/** A change to the source text of a file, to try tests on code with a flaw. */
export interface SourceChange {
  readonly file: string
  /** Text that is in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/**
 * Returns the source text with all changes to its file applied.
 * @throws if the text of a change is not in the file exactly once
 */
export function applyChanges(file: string, text: string, changes: readonly SourceChange[]): string {
  return changes
    .filter((each) => each.file === file)
    .reduce((changed, { find, replace }) => {
      const parts = changed.split(find)
      if (parts.length !== 2) throw new Error(`${file} contains this text ${parts.length - 1} times, not once: ${find}`)
      return parts.join(replace)
    }, text)
}
