import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { builtProgram } from '@dwh/test-kit'
import { expect, test } from 'vitest'
import { expectPage } from './pages.ts'

const run = promisify(execFile)

/** Compares docs/cli.md with the help of the program; `DOCS=write` updates the page. */
test('docs/cli.md: matches --help', async () => {
  const text = async (...args: string[]) => {
    const { stdout } = await run(process.execPath, [await builtProgram('dwh'), ...args], {
      env: { PATH: process.env.PATH },
    })
    return stdout.trimEnd()
  }
  const help = (...args: string[]) => text(...args, '--help')
  const top = await help()
  const list = /^Copy Postgres:\n(.*)\n\nGetting started:/ms.exec(top)?.[1] ?? ''
  const commands = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name)
  expect(commands.length).toBeGreaterThan(5)
  const sections = await Promise.all(
    commands.map(async (name) => `## dwh ${name}\n\n\`\`\`text\n${await help(name)}\n\`\`\`\n`),
  )
  const topics = await Promise.all(
    ['settings', 'exit-codes'].map(
      async (topic) => `## dwh help ${topic}\n\n\`\`\`text\n${await text('help', topic)}\n\`\`\`\n`,
    ),
  )
  const page = `# The command line\n\nWhat \`dwh --help\` says. Made from the program; a test holds them together.\n\n\`\`\`text\n${top}\n\`\`\`\n\n${[...sections, ...topics].join('\n')}`
  expectPage('docs/cli.md', page)
})
