import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const root = new URL('..', import.meta.url)

/** `pnpm@<version>`, as package.json pins it. */
const pnpm = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).packageManager

/** Runs pnpm of the pinned version, which npx fetches once: nobody needs to have it. Ends this process when it fails. */
export function runPnpm(args, options = {}) {
  // all that it says goes to stderr: stdout belongs to the answer
  const result = spawnSync('npx', ['--yes', pnpm, ...args], {
    cwd: root,
    stdio: ['inherit', options.quiet ? 'pipe' : 2, options.quiet ? 'pipe' : 'inherit'],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', npm_config_update_notifier: 'false' },
  })
  if (result.error) throw result.error
  if (result.status === 0) return
  if (options.quiet) process.stderr.write(Buffer.concat([result.stdout, result.stderr]))
  process.stderr.write(`\n${['pnpm', ...args].join(' ')} failed.\n`)
  process.exit(result.status ?? 1)
}

/** Installs what the lockfile names and builds every package; quick when both are done already. */
export function prepare() {
  process.stderr.write('Installing and building @dwh (once) ...\n')
  runPnpm(['install', '--frozen-lockfile', '--prefer-offline'], { quiet: true })
  runPnpm(['run', 'build'], { quiet: true })
}
