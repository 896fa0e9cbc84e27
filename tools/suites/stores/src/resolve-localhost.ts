import dns from 'node:dns'
import { vi } from 'vitest'

/** Names below `localhost` are this machine (RFC 6761), which not every resolver knows; a bucket may be one. For the rest of the test file. */
export function resolveLocalhost(): void {
  const { lookup } = dns
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: never[]) =>
    (lookup as (...args: unknown[]) => void)(
      host.endsWith('localhost') ? '127.0.0.1' : host,
      ...rest,
    )) as typeof lookup)
}
