import { onTestFinished } from 'vitest'
import { type Engine, engineCall } from './engine.ts'

/** Makes a volume and removes it when the test is done. */
export async function testVolume(engine: Engine): Promise<string> {
  const name = await engineCall(engine, ['volume', 'create'])
  onTestFinished(async () => void (await engineCall(engine, ['volume', 'rm', '--force', name])))
  return name
}
