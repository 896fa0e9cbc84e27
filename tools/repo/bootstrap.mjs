// Runs `npm start`, `npm test` and `docker/test-image` on a machine with only Node and npm.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { install, prepare } from './prepare.mjs'

const [task, ...args] = process.argv.slice(2)

const commands = {
  start: ['apps/demo/bin/dwh-demo.js'],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
  image: ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.extras.config.ts', 'tools/release/image'],
}

// tests build the packages when they need them
if (task === 'test') install()
else prepare()
if (task === 'test' && args.length > 0 && args.every(isPure)) args.push('--no-isolate')

/** Whether tests may share a process, which is faster: those of a package without open resources. */
function isPure(path) {
  return path.startsWith('packages/core')
}

const result = spawnSync(process.execPath, [...commands[task], ...args], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  stdio: 'inherit',
})
process.exit(result.status ?? 1)
