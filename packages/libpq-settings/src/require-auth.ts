import { nearest } from '@dwh/core'
import { configInvalid, shown } from './config-invalid.ts'
import type { Settings } from './setting.ts'

const AUTH_METHODS = ['password', 'md5', 'gss', 'sspi', 'scram-sha-256', 'oauth', 'none'] as const

/** How a server may authenticate the client; `none` means not at all. */
export type AuthMethod = (typeof AUTH_METHODS)[number]

const SPOKEN_HERE: ReadonlySet<AuthMethod> = new Set(['password', 'md5', 'scram-sha-256', 'none'])

/**
 * The authentication methods that `require_auth` allows; null for all. The caller has to close the connection on any
 * other, because `pg` answers every request of a server, even one for a cleartext password.
 * @throws DwhError CONFIG_INVALID for an unknown, repeated or mixed list, and for one without a method that `pg`
 * supports
 */
export function readRequireAuth(settings: Settings): readonly AuthMethod[] | null {
  const setting = settings.get('require_auth')
  if (!setting?.value) return null
  const words = setting.value.split(',')
  const negated = words[0]?.startsWith('!') ?? false
  const named = new Set<AuthMethod>()
  for (const word of words) {
    if (word.startsWith('!') !== negated) {
      throw configInvalid(
        `${setting.from}: require_auth mixes methods with and without !`,
        'List the methods to allow, or the methods to refuse, each with a !.',
      )
    }
    const name = negated ? word.slice(1) : word
    const method = AUTH_METHODS.find((known) => known === name)
    if (method === undefined) {
      const meant = nearest(name, AUTH_METHODS)
      throw configInvalid(
        `${setting.from}: require_auth: unknown method ${shown(name)}`,
        meant === null ? `The methods are ${AUTH_METHODS.join(', ')}.` : `Write ${meant}.`,
      )
    }
    if (named.has(method)) throw configInvalid(`${setting.from}: require_auth lists ${method} twice`, 'List it once.')
    named.add(method)
  }
  const allowed = AUTH_METHODS.filter((method) => named.has(method) !== negated)
  if (!allowed.some((method) => SPOKEN_HERE.has(method))) {
    throw configInvalid(
      `${setting.from}: require_auth allows no supported method`,
      `Allow one of ${[...SPOKEN_HERE].join(', ')}.`,
    )
  }
  return allowed
}
