import { type Started, startProgram } from '@dwh/harness'
import type { Spec } from './child/spec.ts'

/** Starts the child program; its one argument tells it what to do. */
export function startChild(program: string, spec: Spec, env: Readonly<Record<string, string>>): Started {
  return startProgram(program, [JSON.stringify(spec)], { env })
}
