import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { workplace } from '../test-support.ts'

const run = promisify(execFile)

/** Returns what a real bash offers while the last of these words is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const place = await workplace()
  const { stdout: script, code } = await place.dwh(['completion', 'bash'])
  expect(code).toBe(0)
  const file = join(place.folder, 'completion.bash')
  await writeFile(file, script)
  const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dwh; printf "%s\\n" "$\{COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-euc', program, 'bash', file, ...words])
  return stdout.split('\n').filter(Boolean)
}

test('bash: completes commands, flags, values of flags and arguments', async () => {
  expect(await offered('dwh', '')).toEqual(expect.arrayContaining(['run', 'query', 'doctor', 'completion', '--help']))
  expect(await offered('dwh', 'st')).toEqual(['status'])
  expect(await offered('dwh', 'run', '--re')).toEqual(['--replace'])
  expect(await offered('dwh', 'run', '--')).toEqual(
    expect.arrayContaining(['--tables', '--storage', '--json', '--help']),
  )
  expect(await offered('dwh', 'query', '--format', 'v')).toEqual(['vertical'])
  expect(await offered('dwh', 'query', '--file', '')).toEqual([])
  expect(await offered('dwh', 'completion', 'f')).toEqual(['fish'])
  expect(await offered('dwh', 'unknown', '')).toEqual([])
})

test('every shell: script has every command; unknown shell: refused', async () => {
  const place = await workplace()
  const { stdout: help } = await place.dwh(['--help'])
  const [, listed = ''] = /\nCommands:\n([\s\S]*?)\n\n/.exec(help) ?? []
  const commands = [...listed.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name)
  expect(commands).toContain('status')
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await place.dwh(['completion', shell])
    for (const name of commands.filter((command) => command !== 'help')) expect(stdout).toContain(name)
  }
  expect(await place.dwh(['completion', 'tcsh'])).toMatchObject({ code: 2 })
})
