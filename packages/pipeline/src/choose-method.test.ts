import { DwhError, type SourceSnapshot } from '@dwh/core'
import type { ParquetWriter } from '@dwh/parquet-writer'
import { expect, test } from 'vitest'
import { openMethods } from './choose-method.ts'
import type { TablePlan } from './plan-run.ts'

const table = { extract: 'auto', table: { name: 't', estimatedBytes: 2 ** 30, estimatedRows: 2 ** 20 } } as TablePlan

function methods(whyNotLoaded: string | null = null) {
  const extension = { name: 'extension', hint: 'Install it.' }
  const snapshot = {
    duckdbReader: { extension, read: async () => 'not asked here' },
    readBulkText: () => ({ bulkText: [], sent: () => 0 }),
  } as unknown as SourceSnapshot
  const writer = { whyNotLoaded: async () => whyNotLoaded } as unknown as ParquetWriter
  return openMethods(snapshot, writer)
}

const failure = (connected: boolean) => new DwhError('SOURCE_FAILED', 'it failed', { context: { connected } })

test('native fails while reading a table: that table uses copy, the next native', async () => {
  const { choose, after } = methods()
  const chosen = await choose(table)
  expect(chosen).toEqual({ method: 'native', why: null })
  expect(after(chosen, failure(true))).toEqual({ method: 'copy', why: 'it failed' })
  expect(await choose(table)).toEqual({ method: 'native', why: null })
})

test('native cannot connect: every table uses copy, with the reason', async () => {
  const { choose, after } = methods()
  const chosen = await choose(table)
  expect(after(chosen, failure(false))).toEqual({ method: 'copy', why: 'it failed' })
  expect(await choose(table)).toEqual({ method: 'copy', why: 'it failed' })
})

test('extension not installed: the reason says how to install it', async () => {
  const { choose } = methods('it is not installed')
  expect(await choose(table)).toEqual({ method: 'copy', why: 'it is not installed. Install it.' })
  await expect(choose({ ...table, extract: 'native' })).rejects.toMatchObject({
    message: 'extract: native: it is not installed',
    hint: 'Install it. Or write extract: auto.',
  })
})
