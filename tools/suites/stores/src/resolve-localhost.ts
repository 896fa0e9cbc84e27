import dns from 'node:dns'
import { vi } from 'vitest'

/**
 * Resolves names below `localhost`, of which a bucket may be one, to this machine for the rest of the test file (RFC
 * 6761); not every resolver does.
 */
export function resolveLocalhost(): void {
  const { lookup } = dns
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: never[]) =>
    (lookup as (...args: unknown[]) => void)(
      host.endsWith('localhost') ? '127.0.0.1' : host,
      ...rest,
    )) as typeof lookup)
}
