/** Kind and permissions of a file, as `stat` returns them; links are followed. */
export interface FileMode {
  /**
   * The permission bits; only the last nine are read, others may be set. On Windows, where they mean nothing, use
   * 0o600.
   */
  readonly mode: number
  readonly isFile: boolean
  /** True if the owner is uid 0; the group may then read a key. Default false. */
  readonly ownedByRoot?: boolean | undefined
}

/**
 * Everything that the settings of a connection depend on besides the input. Only `systemEnvironment` accesses the
 * process or the disk.
 */
export interface ConnectionEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string | null
  /** User name in the operating system. */
  readonly user: string | null
  /** The file as UTF-8 text; null if it cannot be read for any reason. */
  readFile(path: string): string | null
  /** Null if the file does not exist. */
  fileMode(path: string): FileMode | null
  /**
   * Called for the default socket folders if no host is given. Best answer: whether the folder contains a socket of a
   * server. If absent, no folder exists.
   */
  socketFolderExists?(path: string): boolean
}
