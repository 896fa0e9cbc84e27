import { join } from 'node:path'
import { askFor } from './ask-for.ts'

const PROGRAMS = {
  dwh: 'apps/cli/bin/dwh.js',
  'dwh-scheduler': 'apps/scheduler/bin/dwh-scheduler.js',
  'dwh-demo': 'apps/demo/bin/dwh-demo.js',
} as const

/** The root of this checkout, once every package is built as its source is now. */
export function builtCheckout(): Promise<string> {
  return askFor('built')
}

/** The path of a program of this checkout for `node`, built from its source as it is now. */
export async function builtProgram(name: keyof typeof PROGRAMS): Promise<string> {
  return join(await builtCheckout(), PROGRAMS[name])
}
