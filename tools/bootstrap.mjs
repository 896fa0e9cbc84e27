// What `npm start`, `npm test` and `docker/test-image` do, on a machine with nothing but Node and npm.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { prepare } from './prepare.mjs'

const [task, ...args] = process.argv.slice(2)

const commands = {
  start: ['apps/demo/bin/dwh-demo.js'],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
  image: ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.extras.config.ts', 'tools/image'],
}

prepare()
const result = spawnSync(process.execPath, [...commands[task], ...args], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
})
process.exit(result.status ?? 1)
