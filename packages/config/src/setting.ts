/** Kind of a setting, which defines how its value is written in `dwh.yaml`. */
export type SettingKind =
  /** A text that is not empty. */
  | 'text'
  /** A text that may be empty. */
  | 'text or empty'
  /** A path: in the file relative to the file, elsewhere relative to the working folder. */
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
  /** `5%`, `0.05`; parsed to a fraction of 1. */
  | 'share'
  /** `512MB`, `1GiB`; parsed to bytes. */
  | 'size'
  /** `500ms`, `10s`, `2m`, `1h`; parsed to milliseconds. */
  | 'duration'
  /** One of `choices`. */
  | 'choice'
  /** Names of readers: a list, or a text with commas. */
  | 'readers'
  /** Texts by name. */
  | 'names'
  /** How values are stored, by column or by type. */
  | 'types'
  /** Contains the settings whose keys begin with its own key. */
  | 'section'
  /** A section for each table. */
  | 'tables'
  /** A list of sections. */
  | 'sections'

/** One setting: a row of the list from which schema, variables, flags, help and pages are generated. */
export interface Setting {
  /** Key in `dwh.yaml`, with dots; `*` is the name of a table, or any entry of a list. */
  readonly key: string
  readonly kind: SettingKind
  readonly choices?: readonly string[]
  /** A phrase without a full stop; code in backticks. It mentions neither the variable nor the default. */
  readonly description: string
  readonly variable?: string
  /** The variable that the AWS SDK reads by itself. */
  readonly awsVariable?: string
  readonly flag?: SettingFlag
  /** As written in `dwh.yaml`. */
  readonly default?: string | number | boolean
  /** The default in words, if it depends on something else. */
  readonly otherwise?: string
  /** Allows text that looks like a password: the value is a secret, or may be any text, such as a table name. */
  readonly holds?: 'secret' | 'any text'
  /** The page under `docs/` with more about it. */
  readonly page?: string
}

export interface SettingFlag {
  /** Without the dashes. */
  readonly name: string
  /** Placeholder for the value in the help. */
  readonly value: string
  /** Commands with this flag. Default: all. */
  readonly commands?: readonly string[]
}
