import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import type { S3Credentials } from '@dwh/storage'
import { freePort } from '@dwh/test-kit'

/** A running real S3 server. */
export interface S3Store {
  readonly endpoint: string
  readonly credentials: S3Credentials
  stop(): Promise<void>
}

const READY_TIMEOUT_MS = 30_000
const POLL_MS = 50

/** Starts a server in its own process and waits until it answers. */
export async function startServer(
  command: string,
  argsFor: (port: number) => readonly string[],
  env: Readonly<Record<string, string>>,
  credentials: S3Credentials,
  protocol: 'http' | 'https' = 'http',
): Promise<S3Store> {
  const port = await freePort()
  const child = spawn(command, argsFor(port), {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  const deadline = Date.now() + READY_TIMEOUT_MS
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error(`${command} did not start: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return { endpoint: `${protocol}://localhost:${port}`, credentials, stop }
}

/** Whether a server answers HTTP there: a server listens before it is ready, and then cuts connections. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'))
    socket.once('data', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.on('data', () => socket.destroy())
  })
}
