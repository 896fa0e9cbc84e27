import { nearest } from '@dwh/core'
import { configInvalid, shown } from './config-invalid.ts'
import type { Settings } from './setting.ts'

const AUTH_METHODS = ['password', 'md5', 'gss', 'sspi', 'scram-sha-256', 'oauth', 'none'] as const

/** How a server may ask who we are; `none` is not at all. */
export type AuthMethod = (typeof AUTH_METHODS)[number]

const SPOKEN_HERE: ReadonlySet<AuthMethod> = new Set(['password', 'md5', 'scram-sha-256', 'none'])

/**
 * The methods that `require_auth` leaves to the server; null when it leaves all. It is for the caller to hang up on any other: `pg` answers whatever
 * a server asks, cleartext included.
 * @throws DwhError CONFIG_INVALID for an unknown, doubled or mixed list, and for one without a method that `pg` speaks
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
        'Name the methods to allow, or, each with a !, those to refuse.',
      )
    }
    const name = negated ? word.slice(1) : word
    const method = AUTH_METHODS.find((known) => known === name)
    if (method === undefined) {
      const meant = nearest(name, AUTH_METHODS)
      throw configInvalid(
        `${setting.from}: require_auth names ${shown(name)}, which is no method`,
        meant === null ? `The methods are ${AUTH_METHODS.join(', ')}.` : `Write ${meant}.`,
      )
    }
    if (named.has(method)) throw configInvalid(`${setting.from}: require_auth names ${method} twice`, 'Name it once.')
    named.add(method)
  }
  const allowed = AUTH_METHODS.filter((method) => named.has(method) !== negated)
  if (!allowed.some((method) => SPOKEN_HERE.has(method))) {
    throw configInvalid(
      `${setting.from}: require_auth allows no method that is spoken here`,
      `Allow one of ${[...SPOKEN_HERE].join(', ')}.`,
    )
  }
  return allowed
}
