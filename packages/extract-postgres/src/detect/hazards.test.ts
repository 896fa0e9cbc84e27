import { withClient } from '@dwh/test-kit'
import { beforeAll, expect, test } from 'vitest'
import { type Day, said, takeDays } from './days.test-support.ts'
import { HAZARDS } from './hazards.test-support.ts'
import { startQuietServer } from './quiet-server.test-support.ts'

// one server and two snapshots for all: each hazard has a table of its own
const days: Map<string, Day>[] = []

const nameOf = (at: number) => `h${at}`

beforeAll(async () => {
  const { url, stop } = await startQuietServer()
  for (const [day, sql] of (['before', 'between'] as const).entries()) {
    await withClient(url, async (client) => {
      for (const [at, hazard] of HAZARDS.entries())
        for (const statement of hazard[sql]) await client.query(statement.replaceAll('$t', nameOf(at)))
    })
    const tables = HAZARDS.map(({ reading }, at) => {
      const earlier = days[0]?.get(nameOf(at)) ?? null
      return [nameOf(at), { earlier, reading: reading?.[day] }] as const
    })
    days.push(await takeDays(url, new Map(tables)))
  }
  return stop
})

test.each(HAZARDS.map((hazard, at) => ({ ...hazard, at })))('detect: $name, $says', ({ at, says, rows }) => {
  const [first, second] = days.map((day) => day.get(nameOf(at)) as Day) as [Day, Day]
  expect(said(first)).toBe(says === 'not-detectable' ? says : 'no-state')
  expect([said(second), second.hash === first.hash ? 'same' : 'other']).toEqual([says, rows])
})
