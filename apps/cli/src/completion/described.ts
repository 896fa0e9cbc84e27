/** Names that are asked of the warehouse while somebody types: `dwh __complete tables`. */
export type LookedUp = 'tables' | 'days'

export interface Flag {
  /** Such as `--format`, and `-f` if it exists. */
  readonly names: readonly string[]
  readonly description: string
  /** The allowed values; empty if any value is allowed; null for a flag without a value. */
  readonly values: readonly string[] | null
  /** The names that complete a value, if any. */
  readonly lookedUp: LookedUp | null
  /** Whether it takes all words up to the next flag. */
  readonly many: boolean
}

export interface Described {
  readonly name: string
  readonly description: string
  /** The allowed arguments; empty if any argument is allowed. */
  readonly words: readonly string[]
  /** The names that complete each argument, in order; the last also completes all further ones. Empty for none. */
  readonly lookedUp: readonly LookedUp[]
  readonly flags: readonly Flag[]
}

/** Each flag once, of all commands, with the values that any of them allows. */
export function uniqueFlags(commands: readonly Described[]): Flag[] {
  const unique = new Map<string, Flag>()
  for (const flag of commands.flatMap(({ flags }) => flags)) {
    const name = flag.names.join()
    const before = unique.get(name)?.values ?? []
    unique.set(name, flag.values ? { ...flag, values: [...new Set([...before, ...flag.values])] } : flag)
  }
  return [...unique.values()]
}
