import { describe, expect, test } from 'vitest'
import { readService } from './read-service.ts'
import { refusalOf, testEnvironment } from './test-support.ts'

type Given = Parameters<typeof testEnvironment>[0]

const HOME_FILE = '/home/me/.pg_service.conf'
const read = (service: string, environment: Given) =>
  Object.fromEntries(
    [...readService(service, testEnvironment(environment))].map(([keyword, { value, from }]) => [
      keyword,
      [value, from],
    ]),
  )
const section = (text: string) => ({ files: { [HOME_FILE]: text } })

test('repeated section or line: the first wins', () => {
  const text = '# first\n[other]\nnonsense\n[sales]\r\n  host=db  \n\nport= 7\nhost=later\n[sales]\nuser=late\n'
  expect(read('sales', section(text))).toEqual({
    host: ['db', `${HOME_FILE}, line 5`],
    port: [' 7', `${HOME_FILE}, line 7`],
  })
})

test('PGSERVICEFILE: replaces the file in the home folder; the system file comes after either', () => {
  const files = {
    [HOME_FILE]: '[sales]\nhost=home\n',
    '/own.conf': '[mine]\nhost=own\n',
    '/sys/pg_service.conf': '[sales]\nhost=sys\n',
    '/etc/postgresql-common/pg_service.conf': '[sales]\nhost=debian\n',
  }
  const host = (env: Record<string, string>, service = 'sales') => read(service, { env, files }).host?.[0]
  expect(host({})).toBe('home')
  expect(host({ PGSERVICEFILE: '/own.conf' }, 'mine')).toBe('own')
  expect(host({ PGSERVICEFILE: '/own.conf' })).toBe('debian')
  expect(host({ PGSERVICEFILE: '/own.conf', PGSYSCONFDIR: '/sys' })).toBe('sys')
  expect(read('sales', { files, home: null }).host?.[0]).toBe('debian')
})

describe('service: refused', () => {
  for (const [title, line, said] of [
    ['a line without =', 'nonsense', /line 3: no =/],
    ['an unknown keyword', 'hots=db', /line 3.*Write host=/],
    ['a space before the =', 'host =db', /line 3.*Write host=, without spaces/],
    ['a service in a service', 'service=other', /line 3: a service cannot name another/],
    ['a lookup in LDAP', 'ldap://ldap.example.com/dc=x', /line 3.*LDAP/],
  ] as const) {
    test(title, () => expect(refusalOf(() => read('sales', section(`[sales]\nport=1\n${line}\n`)))).toMatch(said))
  }

  test('unknown service: the error suggests the nearest name', () => {
    expect(refusalOf(() => read('slaes', section('[sales]\n')))).toMatch(/"slaes": not found in .*Did you mean sales\?/)
    expect(refusalOf(() => read('sales', {}))).toMatch(/no service file found/)
  })

  test('PGSERVICEFILE does not exist: refused', () => {
    expect(refusalOf(() => read('sales', { env: { PGSERVICEFILE: '/none' } }))).toMatch(/^PGSERVICEFILE: \/none/)
  })

  test('wrong line: the error does not repeat the value', () => {
    expect(refusalOf(() => read('sales', section('[sales]\npasword=Hunter2')))).not.toContain('Hunter2')
    expect(refusalOf(() => read('sales', section('[sales]\npassword Hunter2')))).not.toContain('Hunter2')
  })
})
