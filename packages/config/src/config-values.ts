import type { StoreAs } from '@dwh/core'
import type { SettingRow } from './settings-list.ts'

/** What each kind is once it is read. */
interface Read {
  readonly text: string
  readonly 'text or empty': string
  readonly path: string
  readonly place: string
  readonly 'time zone': string
  readonly list: readonly string[]
  readonly flag: boolean
  readonly count: number
  readonly parallel: number
  readonly share: number
  readonly size: number
  readonly duration: number
  readonly names: Readonly<Record<string, string>>
  readonly types: Readonly<Record<string, StoreAs>>
}

/** What each kind is where it is written. */
interface Written extends Omit<Read, 'flag' | 'count' | 'parallel' | 'share' | 'size' | 'duration' | 'types'> {
  readonly flag: boolean | 'true' | 'false'
  readonly count: number | string
  readonly parallel: number | string
  readonly share: number | string
  readonly size: string
  readonly duration: string
  readonly types: Readonly<Record<string, Exclude<StoreAs, `encoding:${string}`> | { readonly encoding: string }>>
}

/** What is left of a key after its beginning; never, where that is not its beginning or more than a name is left. */
type Name<Prefix extends string, Key extends string> = Key extends `${Prefix}${infer Rest}`
  ? Rest extends `${string}.${string}`
    ? never
    : Rest
  : never

type Value<Row extends SettingRow, Forms> = Row extends { readonly kind: 'section' }
  ? Values<`${Row['key']}.`, Forms>
  : Row extends { readonly kind: 'tables' }
    ? Readonly<Record<string, Values<`${Row['key']}.*.`, Forms> | null>>
    : Row extends { readonly choices: readonly (infer Choice)[] }
      ? Choice
      : Forms[Row['kind'] & keyof Forms]

type Values<Prefix extends string, Forms> = {
  readonly [Row in SettingRow as Name<Prefix, Row['key']>]?: Value<Row, Forms> | undefined
}

/** What `dwh.yaml` may say, as it is after reading: sizes in bytes, durations in milliseconds, shares of 1. */
export type ConfigValues = Values<'', Read>
/** What it may say of a bucket. */
export type S3Values = Values<'s3.', Read>
/** Which days stay, by the last so many that have one. */
export type KeepValues = Values<'keep.', Read>
/** What it may say to the scheduler. */
export type ScheduleValues = Values<'schedule.', Read>

/**
 * The settings as `dwh.yaml` has them, given by a program: a size is a text such as `1GiB`, a duration one such as
 * `10s`. Paths are relative to the working folder.
 */
export type WarehouseSettings = Values<'', Written>

type WithDefault = Extract<SettingRow, { readonly default: unknown }>

/** The settings of a section (`schedule.`), or those of none (an empty text): each that has a default is there. */
export type Filled<Prefix extends string> = Values<Prefix, Read> & {
  readonly [Row in WithDefault as Name<Prefix, Row['key']>]: Value<Row, Read>
}

type WithFlag = Extract<SettingRow, { readonly flag: unknown }>

type CamelCase<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Text

/**
 * The flags of settings, by their names as a command line parser gives them; each wins over the environment and the
 * file.
 */
export type SettingFlags = {
  readonly [Row in WithFlag as CamelCase<Row['flag']['name']>]?: Row extends { readonly kind: 'count' }
    ? string | number
    : string
}
