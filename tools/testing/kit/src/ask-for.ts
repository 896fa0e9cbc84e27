import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'
import type { SharedAnswer, SharedName } from './shared-services.ts'

const asked = new Map<SharedName, Promise<string>>()

/** Asks the main process of vitest for a shared service. The first request starts it and waits for it. */
export function askFor(name: SharedName): Promise<string> {
  const answer = asked.get(name) ?? ask(inject('sharedServices'), name)
  asked.set(name, answer)
  return answer
}

/** @throws Error with the reason if the service did not start */
export async function ask(path: string, name: SharedName): Promise<string> {
  const socket = connect(path)
  socket.write(name)
  const answer = JSON.parse(await text(socket)) as SharedAnswer
  if ('error' in answer) throw new Error(`${name}: ${answer.error}`)
  return answer.value
}
