import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { builtCheckout, freePort, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ROOT } from './build-image.ts'
import { type ContainerOptions, HARDENED, runContainer, startContainer } from './container.ts'
import { seccompProfile } from './seccomp-profile.ts'
import { type TestImages, testImages } from './test-images.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const FOLDER = join(ROOT, 'docker/systemd')
const SERVICES = ['dwh-scheduler.service', 'dwh-run.service'] as const
const UNITS = [...SERVICES, 'dwh-run.timer']
const BUILD_TIMEOUT_MS = 900_000

/** On a scale of ten; systemd calls a service below two OK. */
const MOST_EXPOSURE = 1.5

/** Copies the units to a folder, with the paths of programs in this checkout, since systemd checks that they exist. */
async function units(change: (text: string) => string = (text) => text): Promise<string> {
  const folder = await temporaryFolder()
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await symlink(join(ROOT, 'apps/cli/bin/dwh.js'), join(bin, 'dwh'))
  await symlink(join(ROOT, 'apps/scheduler/bin/dwh-scheduler.js'), join(bin, 'dwh-scheduler'))
  for (const name of UNITS) {
    const text = await readFile(join(FOLDER, name), 'utf8')
    await writeFile(join(folder, name), change(text).replaceAll('/opt/dwh/bin', bin))
  }
  return folder
}

async function analyze(folder: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('systemd-analyze', [...args], { cwd: folder }).catch((error) => {
    throw error.code === 'ENOENT' ? new Error('systemd-analyze is missing: install systemd') : error
  })
  return stdout + stderr
}

test('systemd-analyze verify: the units are valid', async () => {
  expect(await analyze(await units(), 'verify', '--man=no', ...UNITS.map((name) => `./${name}`))).toBe('')
})

test('systemd-analyze verify: a misspelt unit is rejected', async () => {
  const folder = await units((text) => text.replace('ProtectSystem=', 'ProtectSytem='))
  expect(await analyze(folder, 'verify', '--man=no', ...UNITS.map((name) => `./${name}`))).toContain('ProtectSytem')
})

test.each(SERVICES)(`%s: exposed by ${MOST_EXPOSURE} of 10 at most`, async (name) => {
  const limit = ['security', '--no-pager', '--offline=true', `--threshold=${MOST_EXPOSURE * 10}`, `./${name}`]
  const said = await analyze(await units(), ...limit)
  console.log(said.trim().split('\n').at(-1))
  const open = await units((text) => text.replace(/^ProtectSystem=.*\n/m, '').replace(/^SystemCallFilter=.*\n/gm, ''))
  await expect(analyze(open, ...limit)).rejects.toMatchObject({ code: 1 })
})

test('the timer: same time as the default of the scheduler', async () => {
  const [, when = ''] = /^OnCalendar=(.*)$/m.exec(await readFile(join(FOLDER, 'dwh-run.timer'), 'utf8')) ?? []
  expect(await analyze(FOLDER, 'calendar', when)).toMatch(/Normalized form: \*-\*-\* 03:00:00 UTC/)
})

test('the user of the services: made by systemd-sysusers', async () => {
  const [, user] = /^u (\w+) /m.exec(await readFile(join(FOLDER, 'dwh.sysusers'), 'utf8')) ?? []
  for (const name of SERVICES) expect(await readFile(join(FOLDER, name), 'utf8')).toContain(`\nUser=${user}\n`)
})

test('the programs: the packages install them where the units expect them', async () => {
  await builtCheckout()
  const folder = await temporaryFolder()
  const { packageManager } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const pack = ['--yes', packageManager, 'pack', '--pack-destination', folder]
  for (const app of ['cli', 'scheduler']) await run('npx', pack, { cwd: join(ROOT, 'apps', app) })
  const packages = (await readdir(folder)).map((name) => join(folder, name))
  const prefix = join(folder, 'opt')
  await run('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', ...packages])
  await symlink('node_modules/.bin', join(prefix, 'bin'))
  for (const name of SERVICES) {
    const [, program = ''] = /^ExecStart=\/opt\/dwh\/(\S+)/m.exec(await readFile(join(FOLDER, name), 'utf8')) ?? []
    expect((await run(join(prefix, program), ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/)
  }
})

describe('each service with its system call filter', () => {
  let images: TestImages
  beforeAll(async () => {
    images = await testImages()
  }, BUILD_TIMEOUT_MS)

  /** Returns the command and the environment of a unit; its folders are below `root`. */
  async function here(
    name: (typeof SERVICES)[number],
    root: string,
    env: Record<string, string>,
  ): Promise<ContainerOptions> {
    const text = await readFile(join(FOLDER, name), 'utf8')
    const [, program = '', args = ''] = /^ExecStart=\/opt\/dwh\/bin\/(\S+) ?(.*)$/m.exec(text) ?? []
    const [, settings = ''] = /^Environment=(.*)$/m.exec(text) ?? []
    const [, ...filters] = /^SystemCallFilter=(.*)\nSystemCallFilter=~(.*)$/m.exec(text) ?? []
    const profile = join(root, 'seccomp.json')
    await writeFile(profile, JSON.stringify(await seccompProfile(filters[0] ?? '', filters[1] ?? '')))
    const folders = ['/var/lib/dwh', '/var/cache/dwh']
    for (const folder of folders) {
      await mkdir(join(root, folder), { recursive: true })
      await chmod(join(root, folder), 0o777)
    }
    return {
      image: images.plain,
      command: [program, ...args.split(' ').filter(Boolean)],
      env: { ...Object.fromEntries(settings.split(' ').map((setting) => setting.split('='))), ...env },
      volumes: folders.map((folder) => `${join(root, folder)}:${folder}`),
      flags: [...HARDENED, `--security-opt=seccomp=${profile}`, '--workdir=/var/lib/dwh'],
    }
  }

  test('a run, then the scheduler: both work', async () => {
    const database = await testDatabase(`CREATE TABLE t AS SELECT 1 AS n`)
    const root = await temporaryFolder()
    await chmod(root, 0o755)
    const env = { DATABASE_URL: database.url }
    const once = await runContainer(images.engine, await here('dwh-run.service', root, env))
    expect(once, once.log).toMatchObject({
      code: 0,
      log: expect.stringMatching(/Published .*: 1 table, .* to \/var\/lib\/dwh\/warehouse/),
    })
    const listen = `127.0.0.1:${await freePort()}`
    const more = { ...env, DWH_LISTEN: listen, RUN_ON_START: 'true' }
    const scheduler = await startContainer(images.engine, await here('dwh-scheduler.service', root, more))
    onTestFinished(() => scheduler.remove())
    await until('a run', async () => (await scheduler.log()).includes('"run ended: success"')).catch(async (error) => {
      throw new Error(`${error.message}\n${await scheduler.log()}`)
    })
    expect(await scheduler.stop(20)).toMatchObject({ code: 0 })
  })

  test('a stricter filter: the run fails, so the filter applies', async () => {
    const root = await temporaryFolder()
    await chmod(root, 0o755)
    const options = await here('dwh-run.service', root, { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' })
    await copyFile(join(root, 'seccomp.json'), join(root, 'copy.json'))
    const profile = JSON.parse(await readFile(join(root, 'copy.json'), 'utf8'))
    profile.syscalls[0].names = profile.syscalls[0].names.filter((name: string) => !name.startsWith('epoll_'))
    await writeFile(join(root, 'seccomp.json'), JSON.stringify(profile))
    expect((await runContainer(images.engine, options)).code).toBeGreaterThan(2)
  })
})
