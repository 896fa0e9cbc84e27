import { POSTGRES_VERSIONS, withClient } from '@dwh/test-kit'
import { expect, onTestFinished, test } from 'vitest'
import { type Day, said, takeDays } from './days.test-support.ts'
import { HAZARDS } from './hazards.test-support.ts'
import { startQuietServer } from './quiet-server.test-support.ts'

test.each(POSTGRES_VERSIONS)('Postgres %i: every hazard, as a role with SELECT only', async (version) => {
  const server = await startQuietServer(version)
  onTestFinished(() => server.stop())
  const hazards = HAZARDS.filter(({ since = 0 }) => since <= version)
  const url = new URL(server.url)
  await withClient(url.href, (client) =>
    client.query(`CREATE ROLE reader LOGIN PASSWORD 'x'; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;
      ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO reader`),
  )
  const reader = new URL(url)
  reader.username = 'reader'
  reader.password = 'x'
  const days: Map<string, Day>[] = []
  for (const [day, sql] of (['before', 'between'] as const).entries()) {
    await withClient(url.href, async (client) => {
      for (const [at, hazard] of hazards.entries())
        for (const statement of hazard[sql]) await client.query(statement.replaceAll('$t', `h${at}`))
    })
    const tables = hazards.map(({ reading }, at) => {
      const earlier = days[0]?.get(`h${at}`) ?? null
      return [`h${at}`, { earlier, reading: reading?.[day] }] as const
    })
    days.push(await takeDays(reader.href, new Map(tables)))
  }
  const found = hazards.map(({ name }, at) => {
    const [first, second] = days.map((day) => day.get(`h${at}`) as Day) as [Day, Day]
    return [name, said(second), second.hash === first.hash ? 'same' : 'other']
  })
  expect(found).toEqual(hazards.map(({ name, says, rows }) => [name, says, rows]))
})
