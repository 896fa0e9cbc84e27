import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { builtProgram, temporaryFolder, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'

const BIN = await builtProgram('dwh-demo')

interface Demo {
  readonly process: ReturnType<typeof spawn>
  output(): string
  readonly ended: Promise<number | string | null>
}

function demo(folder: string, ...args: string[]): Demo {
  const child = spawn(process.execPath, [BIN, '--folder', folder, ...args], {
    env: { ...process.env, HOME: folder, NO_COLOR: '1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = new Promise<number | string | null>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  )
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { process: child, output: () => output, ended }
}

async function place(): Promise<string> {
  const folder = await temporaryFolder()
  // for root, the demo puts the files of Postgres in /var/tmp
  const elsewhere = `/var/tmp/dwh-demo-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`
  onTestFinished(() => rm(elsewhere, { recursive: true, force: true }))
  return folder
}

test('demo: runs, runs again on the same data, and with a larger scale on more data', async () => {
  const folder = await place()
  const first = demo(folder)
  expect(await first.ended, first.output()).toBe(0)
  expect(first.output()).toMatch(/Seeded: a small SaaS company, 50 customers/)
  expect(first.output()).toMatch(/Published \S+: 3 tables, 814 rows, /)
  const questions = first.output().match(/^\$ dwh query --file .*\.sql$/gm)
  expect(questions).toHaveLength(9)
  expect(first.output()).toMatch(/ 2026-02-01 +│/)
  expect(first.output().indexOf('Try next')).toBeGreaterThan(first.output().indexOf('churn.sql'))

  const second = demo(folder)
  expect(await second.ended, second.output()).toBe(0)
  expect(second.output()).toContain('Reused: a small SaaS company')
  const state = JSON.parse(await readFile(join(folder, 'warehouse/etl.json'), 'utf8'))
  expect(state).toMatchObject({ counts: { customers: 50 }, last_failure: null })
  // of the first run: its index, its manifest and three files
  expect(state.retired.at(-1).keys).toHaveLength(5)

  const third = demo(folder, '--scale', '2')
  expect(await third.ended, third.output()).toBe(0)
  expect(third.output()).toContain('Seeded: a small SaaS company, 100 customers')
})

test('--serve: Postgres runs until SIGINT; after a killed demo the next one takes over its files', async () => {
  const folder = await place()
  const urlOf = async (running: Demo) => {
    await expect.poll(() => running.output()).toContain('export DWH_STORAGE=')
    return /export DATABASE_URL=(\S+)/.exec(running.output())?.[1] ?? ''
  }
  const killed = demo(folder, '--serve')
  const abandoned = await urlOf(killed)
  killed.process.kill('SIGKILL')
  await killed.ended
  expect(await countCustomers(abandoned)).toBe(50)

  const running = demo(folder, '--serve')
  const url = await urlOf(running)
  expect(running.output()).toContain('Reused')
  expect(await countCustomers(url)).toBe(50)
  await expect(countCustomers(abandoned)).rejects.toThrow()
  running.process.kill('SIGINT')
  expect(await running.ended, running.output()).toBe(0)
  await expect(countCustomers(url)).rejects.toThrow()
})

function countCustomers(url: string): Promise<number> {
  return withClient(url, async (client) => (await client.query('SELECT count(*)::int AS n FROM customers')).rows[0].n)
}

test('--scale is not a number: exit code 2', async () => {
  const running = demo(await place(), '--scale', 'many')
  expect(await running.ended).toBe(2)
  expect(running.output()).toContain('error: seed scale NaN')
})
