/** A file's kind and permissions, as `stat` gives them; links are followed. */
export interface FileMode {
  /** The permission bits, and more if you like: only the last nine are read. On Windows, where they say nothing, give 0o600. */
  readonly mode: number
  readonly isFile: boolean
  /** The owner is uid 0: such a key may be readable by its group. Default false. */
  readonly ownedByRoot?: boolean | undefined
}

/**
 * All that the settings of a connection depend on besides the input. Nothing but `systemEnvironment` reaches for the process
 * or the disk itself.
 */
export interface ConnectionEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string | null
  /** The name of the user at the operating system. */
  readonly user: string | null
  /** The file as UTF-8 text; null when it cannot be read, for whatever reason. */
  readFile(path: string): string | null
  /** Null when there is none. */
  fileMode(path: string): FileMode | null
  /** Asked for the default socket folders when no host is given. Best answered with: a server's socket is in it. Absent: none are. */
  socketFolderExists?(path: string): boolean
}
