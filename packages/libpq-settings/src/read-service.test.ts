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

test('only the first section of the name counts, and in it the first line for a keyword', () => {
  const text = '# first\n[other]\nnonsense\n[sales]\r\n  host=db  \n\nport= 7\nhost=later\n[sales]\nuser=late\n'
  expect(read('sales', section(text))).toEqual({
    host: ['db', `${HOME_FILE}, line 5`],
    port: [' 7', `${HOME_FILE}, line 7`],
  })
})

test('PGSERVICEFILE stands for the file at home, and the file of the system comes after either', () => {
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

describe('refused', () => {
  for (const [title, line, said] of [
    ['a line without =', 'nonsense', /line 3: no =/],
    ['an unknown keyword', 'hots=db', /line 3.*Write host=/],
    ['a space before the =', 'host =db', /line 3.*Write host=, without spaces/],
    ['a service in a service', 'service=other', /line 3: a service cannot name another/],
    ['a lookup in LDAP', 'ldap://ldap.example.com/dc=x', /line 3.*LDAP/],
  ] as const) {
    test(title, () => expect(refusalOf(() => read('sales', section(`[sales]\nport=1\n${line}\n`)))).toMatch(said))
  }

  test('a service that is nowhere, with the name it may be', () => {
    expect(refusalOf(() => read('slaes', section('[sales]\n')))).toMatch(/"slaes": it is not in .*Did you mean sales\?/)
    expect(refusalOf(() => read('sales', {}))).toMatch(/there is no service file/)
  })

  test('a PGSERVICEFILE that is not there', () => {
    expect(refusalOf(() => read('sales', { env: { PGSERVICEFILE: '/none' } }))).toMatch(/^PGSERVICEFILE: \/none/)
  })

  test('a value is not repeated', () => {
    expect(refusalOf(() => read('sales', section('[sales]\npasword=Hunter2')))).not.toContain('Hunter2')
    expect(refusalOf(() => read('sales', section('[sales]\npassword Hunter2')))).not.toContain('Hunter2')
  })
})
