import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installed } from '@dwh/test-kit'

const run = promisify(execFile)

/** Builds a program from Go's module proxy once, outside the checkout, and returns its path. Needs Go 1.25 or newer. */
export async function goProgram(name: string, module: string, version: string): Promise<string> {
  const folder = await installed(name, `${module}@${version}`, async (place) => {
    const env = { ...process.env, GOBIN: place, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' }
    await run('go', ['install', '-trimpath', '-ldflags=-s -w', `${module}@${version}`], { env, maxBuffer: 1e8 })
  })
  return join(folder, name)
}
