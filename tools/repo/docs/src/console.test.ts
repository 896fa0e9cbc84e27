import { spawn } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seedDatabase } from '@dwh/seed'
import { builtProgram, temporaryFolder, testDatabase } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { listPages, ROOT } from './pages.ts'

/*
 * A `console` block has commands after `$ ` and their output. The blocks of a page run one after the other, in one
 * folder, over the example database. Values that differ from run to run are compared by form: times, durations, run
 * ids, sizes, hashes, free sessions, the width of a table, the order of tables. `...` stands for omitted lines.
 * `DOCS=write` updates blocks whose output has another form.
 */

const pages = listPages().filter(({ blocks }) => blocks.some(({ language }) => language === 'console'))

test.each(pages.map((page) => [page.path, page] as const))(
  '%s: commands print what the page says',
  async (path, { blocks }) => {
    const database = await testDatabase()
    await seedDatabase((sql) => database.query(sql))
    // a second database, for pages about a moved database
    const moves = blocks.some(({ text }) => text.includes('RESTORED_DATABASE_URL'))
    const restored = moves ? await testDatabase() : null
    await seedDatabase(async (sql) => void (await restored?.query(sql)))
    const folder = await temporaryFolder()
    const env = {
      PATH: `${await commands(folder)}:${process.env.PATH}`,
      HOME: folder,
      DATABASE_URL: database.url,
      QUERIES: join(ROOT, 'seed/queries'),
      ...(restored ? { RESTORED_DATABASE_URL: restored.url } : {}),
    }
    await mkdir(join(folder, 'work'))
    for (const { language, line, text } of blocks) {
      if (language !== 'console') continue
      for (const [index, { command, output }] of exchanges(text).entries()) {
        // other tests write to the same server, and a table counts as changed as long as an older transaction runs
        await database.settle()
        const printed = (await shell(command, join(folder, 'work'), env))
          .replaceAll(join(folder, 'work'), '/home/you')
          .replaceAll(folder, '/home/you')
          .replaceAll(new URL(database.url).host, 'localhost:5432')
          .replaceAll(database.name, 'app')
          .replaceAll(restored?.name ?? '\0', 'app_restored')
        const [said, found] = [form(output), form(printed)]
        if (process.env.DOCS === 'write' && said !== found && !output.includes('...')) {
          await replace(path, `$ ${command}\n${output}`, `$ ${command}\n${printed}`)
          continue
        }
        const where = `${path}:${line}, command ${index + 1}: ${command}\n\n${printed}`
        if (said.includes('...')) expect(found, where).toMatch(withGaps(said))
        else expect(found, where).toBe(said)
      }
    }
  },
  120_000,
)

async function replace(path: string, said: string, printed: string): Promise<void> {
  const file = join(ROOT, path)
  const page = await readFile(file, 'utf8')
  await writeFile(
    file,
    page.replace(said.trimEnd(), () => asOfWriting(printed).replaceAll(/ +$/gm, '').trimEnd()),
  )
}

test('console blocks: none shows the current date, which would be wrong tomorrow', () => {
  for (const { path, blocks } of pages)
    for (const { language, line, text } of blocks)
      if (language === 'console') expect(text, `${path}:${line}`).toBe(asOfWriting(text))
})

/** Replaces today's date by the date on which the pages were written. */
function asOfWriting(text: string): string {
  const today = new Date().toISOString().slice(0, 10)
  return ['-', '/', ''].reduce(
    (shown, between) => shown.replaceAll(today.replaceAll('-', between), DAY_OF_WRITING.replaceAll('-', between)),
    text,
  )
}

/** Makes a folder of commands: `dwh` and `dwh-scheduler` of this checkout, alone and after `npx`. */
async function commands(folder: string): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  const run = (program: string) => `exec "${process.execPath}" "${program}" "$@"\n`
  const scripts = {
    dwh: run(await builtProgram('dwh')),
    'dwh-scheduler': run(await builtProgram('dwh-scheduler')),
    psql: run(join(ROOT, 'tools/repo/docs/src/psql.child.mjs')),
    npx: 'name=$1; shift\ncase $name in dwh|@dwh/cli) exec dwh "$@";; dwh-scheduler|@dwh/scheduler) exec dwh-scheduler "$@";; *) exit 127;; esac\n',
  }
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}`)
    await chmod(join(bin, name), 0o755)
  }
  return bin
}

function exchanges(text: string): { command: string; output: string }[] {
  const found: { command: string; output: string }[] = []
  for (const line of text.split('\n')) {
    const last = found.at(-1)
    if (line.startsWith('$ ')) found.push({ command: line.slice(2), output: '' })
    else if (last && line.startsWith('> ') && last.output === '') last.command += `\n${line.slice(2)}`
    else if (last) last.output += `${line}\n`
  }
  return found
}

/** Runs a command and returns stdout and stderr together, as a terminal shows them. */
function shell(command: string, cwd: string, env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', `exec 2>&1; ${command}`], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
    child.once('error', reject)
    child.once('close', () => resolve(printed))
  })
}

/** Replaces everything that differs from run to run. */
function form(text: string): string {
  const today = new Date().toISOString().slice(0, 10)
  return text
    .replaceAll(/\b\d{8}T\d{6}Z-[0-9a-f]{8}\b/g, 'RUN')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'SHA256')
    .replaceAll(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replaceAll(/"(duration_ms|bytes)":\d+/g, '"$1":NUMBER')
    .replaceAll(/\/\d{4}-\d\d-RUN\b/g, '/MONTH-RUN')
    .replaceAll(today, 'TODAY')
    .replaceAll(today.replaceAll('-', '/'), 'TO/DAY')
    .replaceAll(DAY_OF_WRITING, 'TODAY')
    .replaceAll(DAY_OF_WRITING.replaceAll('-', '/'), 'TO/DAY')
    .replaceAll(/\bTODAY \d\d:\d\d:\d\d(\.\d+)?\+00\b/g, 'INSTANT')
    .replaceAll(/\b\d+(\.\d+)? (s|ms|min)\b/g, 'DURATION')
    .replaceAll(/\b\d+(\.\d+)? (B|kB|MB|GB|TB)\b/g, 'SIZE')
    .replaceAll(/(just now|\d+ (second|minute)s? ago)/g, 'AGO')
    .replaceAll(/\b\d+ connections free for /g, 'SESSIONS connections free for ')
    .replaceAll(/─+/g, '─')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/ $/gm, '')
    .trim()
    .replace(/(^✓.*\n)+/m, (lines) => lines.split('\n').sort().join('\n').trimStart().concat('\n'))
}

/** The date on which the pages were written. In the pages it stands for today. */
const DAY_OF_WRITING = '2026-11-21'

function withGaps(said: string): RegExp {
  const parts = said.split(/^ ?\.\.\.$/m).map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`)
}
