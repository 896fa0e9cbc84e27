/** What the value of a setting is, and so how it is written in `dwh.yaml`. */
export type SettingKind =
  /** A text that is not empty. */
  | 'text'
  /** A text that may be empty. */
  | 'text or empty'
  /** A path: of a file relative to that file, from anywhere else to the working folder. */
  | 'path'
  /** A path or a URL. */
  | 'place'
  | 'time zone'
  /** Texts. */
  | 'list'
  | 'flag'
  /** A whole number from 0. */
  | 'count'
  /** A whole number from 1 to 64. */
  | 'parallel'
  /** `5%`, `0.05`; of 1 once it is read. */
  | 'share'
  /** `512MB`, `1GiB`; in bytes once it is read. */
  | 'size'
  /** `500ms`, `10s`, `2m`, `1h`; in milliseconds once it is read. */
  | 'duration'
  /** One of `choices`. */
  | 'choice'
  /** Texts by name. */
  | 'names'
  /** How values are stored, by column or by type. */
  | 'types'
  /** Holds the settings whose keys begin with its own. */
  | 'section'
  /** The same, once for each table. */
  | 'tables'

/** One setting: a row of the list from which everything else about it is made. */
export interface Setting {
  /** Where it stands in `dwh.yaml`, with dots; `*` is the name of a table. */
  readonly key: string
  readonly kind: SettingKind
  readonly choices?: readonly string[]
  /** A phrase without a full stop; code stands in backticks. It names neither the variable nor the default. */
  readonly description: string
  readonly variable?: string
  /** The variable in which the AWS SDK looks for it by itself. */
  readonly awsVariable?: string
  readonly flag?: SettingFlag
  /** As it would be written in `dwh.yaml`. */
  readonly default?: string | number | boolean
  /** In words, where the default depends on something else. */
  readonly otherwise?: string
  /**
   * Text in it that looks like a password is meant: it is a secret, or may be anything, such as the name of a table.
   */
  readonly holds?: 'secret' | 'any text'
  /** The page under `docs/` that says more. */
  readonly page?: string
}

export interface SettingFlag {
  /** Without the dashes. */
  readonly name: string
  /** What the help calls its value. */
  readonly value: string
  /** Those that have it. Default: all. */
  readonly commands?: readonly string[]
}
