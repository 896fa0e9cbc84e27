import { join } from 'node:path'
import { askFor } from './ask-for.ts'

const PROGRAMS = {
  dwh: 'apps/cli/bin/dwh.js',
  'dwh-scheduler': 'apps/scheduler/bin/dwh-scheduler.js',
  'dwh-demo': 'apps/demo/bin/dwh-demo.js',
} as const

/** Returns the root of this checkout, after building all packages that changed. */
export function builtCheckout(): Promise<string> {
  return askFor('built')
}

/** Returns the path of a program of this checkout for `node`, after building what changed. */
export async function builtProgram(name: keyof typeof PROGRAMS): Promise<string> {
  return join(await builtCheckout(), PROGRAMS[name])
}
