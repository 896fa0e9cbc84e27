import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'
import type { SharedAnswer, SharedName } from './shared-services.ts'

const asked = new Map<SharedName, Promise<string>>()

/** Asks the process of vitest for what all tests share; the first that asks waits until it has been started. */
export function askFor(name: SharedName): Promise<string> {
  const answer = asked.get(name) ?? ask(inject('sharedServices'), name)
  asked.set(name, answer)
  return answer
}

/** @throws Error with what kept the service from starting */
export async function ask(path: string, name: SharedName): Promise<string> {
  const socket = connect(path)
  socket.write(name)
  const answer = JSON.parse(await text(socket)) as SharedAnswer
  if ('error' in answer) throw new Error(`${name}: ${answer.error}`)
  return answer.value
}
