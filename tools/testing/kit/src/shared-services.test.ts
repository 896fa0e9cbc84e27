import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { ask } from './ask-for.ts'
import { guardServer } from './shared-server.ts'
import { type SharedService, startSharedServices } from './shared-services.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Services that count how often they were started and ended. */
async function counted(postgres: () => Promise<string>) {
  const seen: string[] = []
  const made = (name: string, value: () => Promise<string>) => async (): Promise<SharedService> => {
    seen.push(`${name} starts`)
    return { value: await value(), end: async () => void seen.push(`${name} ends`) }
  }
  const services = await startSharedServices({
    postgres: made('postgres', postgres),
    built: made('built', async () => 'x'),
  })
  return { services, seen }
}

test('shared services: twenty requests at once: started once, other services not at all', async () => {
  const { services, seen } = await counted(async () => 'postgres://here')
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(services.path, 'postgres')))
  expect(new Set(answers)).toEqual(new Set(['postgres://here']))
  await services.close()
  expect(seen).toEqual(['postgres starts', 'postgres ends'])
})

test('shared services: a service fails to start: each request gets the reason', async () => {
  const { services, seen } = await counted(() => Promise.reject(new Error('no space left')))
  onTestFinished(() => services.close())
  for (let time = 0; time < 2; time += 1)
    await expect(ask(services.path, 'postgres')).rejects.toThrow('postgres: no space left')
  expect(seen).toEqual(['postgres starts'])
})

test('shared server: its starter is killed: the server ends and its folder is removed', async () => {
  const folder = await temporaryFolder()
  const server = spawn('sleep', ['600'])
  const ended = once(server, 'exit')
  const guard = guardServer(server.pid as number, folder)
  // as the end of this process would
  guard.stdin?.end()
  await ended
  await expect.poll(() => existsSync(folder)).toBe(false)
})
