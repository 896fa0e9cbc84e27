import type { DwhError } from '@dwh/core'
import type { ConfigValues } from './config-values.ts'

/** What a configuration file says. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string
  /** Values of the file, without those listed in `unset`. */
  readonly values: ConfigValues
  readonly unset: readonly UnsetVariable[]
}

/** A value that uses an unset variable, in a part of the file that not every command needs. */
export interface UnsetVariable {
  /** Path of the value: `source`; or `schedule`, `webhook`. */
  readonly path: Path
  /** Thrown when the value is read. */
  readonly error: DwhError
}

export type Path = readonly (string | number)[]
