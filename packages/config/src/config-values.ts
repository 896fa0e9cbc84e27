import type { ColumnChoice, Reader } from '@dwh/core'
import type { SettingRow } from './settings-list.ts'

/** Type of each kind of setting after parsing. */
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
  readonly types: Readonly<Record<string, ColumnChoice>>
  readonly readers: readonly Reader[]
}

/** Type of each kind of setting as a program or a file writes it. */
interface Written
  extends Omit<Read, 'flag' | 'count' | 'parallel' | 'share' | 'size' | 'duration' | 'types' | 'readers'> {
  readonly flag: boolean | 'true' | 'false'
  readonly count: number | string
  readonly parallel: number | string
  readonly share: number | string
  readonly size: string
  readonly duration: string
  readonly types: Readonly<Record<string, Exclude<ColumnChoice, `encoding:${string}`> | { readonly encoding: string }>>
  readonly readers: readonly Reader[] | string
}

/** The part of a key after `Prefix`; `never` if the key has another prefix or if the rest contains a dot. */
type Name<Prefix extends string, Key extends string> = Key extends `${Prefix}${infer Rest}`
  ? Rest extends `${string}.${string}`
    ? never
    : Rest
  : never

type Value<Row extends SettingRow, Forms> = Row extends { readonly kind: 'section' }
  ? Values<`${Row['key']}.`, Forms>
  : Row extends { readonly kind: 'tables' }
    ? Readonly<Record<string, Values<`${Row['key']}.*.`, Forms> | null>>
    : Row extends { readonly kind: 'sections' }
      ? readonly Values<`${Row['key']}.*.`, Forms>[]
      : Row extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : Forms[Row['kind'] & keyof Forms]

type Values<Prefix extends string, Forms> = {
  readonly [Row in SettingRow as Name<Prefix, Row['key']>]?: Value<Row, Forms> | undefined
}

/** Values of `dwh.yaml` after parsing: sizes in bytes, durations in milliseconds, shares as fractions of 1. */
export type ConfigValues = Values<'', Read>
/** Settings of the bucket. */
export type S3Values = Values<'s3.', Read>
/** How many daily, weekly, monthly and yearly snapshots to keep. */
export type KeepValues = Values<'keep.', Read>
/** Settings of the scheduler. */
export type ScheduleValues = Values<'schedule.', Read>

/**
 * Settings that a program gives, in the form of `dwh.yaml`: a size is a string such as `1GiB`, a duration a string such
 * as `10s`. Paths are relative to the working folder.
 */
export type WarehouseSettings = Values<'', Written>

type WithDefault = Extract<SettingRow, { readonly default: unknown }>

/**
 * Settings of a section (`schedule.`), or the top-level ones (empty prefix). Settings with a default are always
 * present.
 */
export type Filled<Prefix extends string> = Values<Prefix, Read> & {
  readonly [Row in WithDefault as Name<Prefix, Row['key']>]: Value<Row, Read>
}

type WithFlag = Extract<SettingRow, { readonly flag: unknown }>

type CamelCase<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Text

/**
 * Command-line flags of settings, named as a command-line parser returns them. A flag takes precedence over the
 * environment and the file.
 */
export type SettingFlags = {
  readonly [Row in WithFlag as CamelCase<Row['flag']['name']>]?: Row extends { readonly kind: 'count' }
    ? string | number
    : string
}
