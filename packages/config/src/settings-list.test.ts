import { join } from 'node:path'
import type { TableSettings } from '@dwh/core'
import { temporaryFolder } from '@dwh/test-kit'
import { expect, expectTypeOf, test } from 'vitest'
import { settingValue } from './config-schema.ts'
import type { ConfigValues, ScheduleValues, WarehouseSettings } from './config-values.ts'
import { type ConfigFlags, configOf } from './load-config.ts'
import { withDefaults } from './merge-settings.ts'
import { SETTINGS } from './settings-list.ts'

test('list of settings: types are derived from it, for parsed and for written values', () => {
  expectTypeOf<ConfigValues['lock_timeout']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<ConfigValues['verify']>().toEqualTypeOf<'counts' | 'columns' | 'hash' | undefined>()
  expectTypeOf<NonNullable<ConfigValues['s3']>['path_style']>().toEqualTypeOf<boolean | undefined>()
  expectTypeOf<ScheduleValues['verify_sample']>().toEqualTypeOf<number | undefined>()
  // the table settings of core have exactly the same keys
  type Table = NonNullable<NonNullable<ConfigValues['tables']>[string]>
  expectTypeOf<Required<Table>>().toExtend<Required<TableSettings>>()
  expectTypeOf<Required<TableSettings>>().toExtend<Required<Table>>()
  expectTypeOf<WarehouseSettings['cache_size']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<NonNullable<WarehouseSettings['keep']>['daily']>().toEqualTypeOf<number | string | undefined>()
  expectTypeOf<ConfigFlags['source']>().toEqualTypeOf<string | undefined>()
  // @ts-expect-error a size is a text
  const wrongSize: WarehouseSettings = { memory_limit: 1024 }
  // @ts-expect-error no such setting
  const wrongKey: WarehouseSettings = { storrage: './lake' }
  expect([wrongSize, wrongKey]).toHaveLength(2)
})

test('list of settings: defaults, each valid for its setting', () => {
  for (const setting of SETTINGS.filter(({ default: value }) => value !== undefined))
    expect(settingValue(setting, setting.default), setting.key).toBeDefined()
  expect(withDefaults('', {})).toEqual({
    storage: './warehouse',
    timezone: 'UTC',
    reprove: 7 * 24 * 60 * 60 * 1000,
    complete: 'daily',
    parallel: 2,
    extract: 'auto',
    verify: 'columns',
    on_table_error: 'fail',
    cache_size: 10 * 2 ** 30,
    lock_timeout: 10_000,
    on_blocked_ddl: 'yield',
    max_snapshot_age: 43_200_000,
  })
})

test('list of settings: for each key of a section, the section is listed too', () => {
  const keys = SETTINGS.map(({ key }): string => key)
  for (const key of keys.filter((key) => key.includes('.'))) {
    const holder = key.replace(/(\.\*)?\.[a-z0-9_]+$/, '')
    expect(keys, `${key} stands under ${holder}`).toContain(holder)
  }
})

test('settings that a program gives: paths are relative to the working folder, variables of the same settings are ignored', async () => {
  const cwd = await temporaryFolder()
  const env = { S3_CA_FILE: 'env.pem', S3_BUCKET: 'bucket', DWH_TMP: './scratch', DWH_LOCK_TIMEOUT: '3s' }
  const config = await configOf(
    { storage: './lake', s3: { ca_file: 'own.pem' }, lock_timeout: '2s', tables: { orders: { verify: 'counts' } } },
    { env, cwd, home: '/home/me', tmp: '/tmp' },
  )
  expect(config).toMatchObject({
    storage: join(cwd, 'lake'),
    s3: { ca_file: join(cwd, 'own.pem') },
    temp: join(cwd, 'scratch'),
    lockTimeoutMs: 2000,
    selection: { tables: { orders: { verify: 'counts' } } },
  })
})
