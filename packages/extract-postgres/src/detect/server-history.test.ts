import { expect, test } from 'vitest'
import { type ServerHistory, type SnapshotNumbers, whyOtherServer } from './server-history.ts'

const SERVER: ServerHistory = {
  system_identifier: '7713979492154029848',
  database: 16384,
  standby: false,
  timeline: '00000001',
  started: '2026-02-18 03:00:00+00',
  recovered: '2026-02-17 03:00:00+00',
}
const SNAPSHOT: SnapshotNumbers = { xmin: '755', xmax: '757', position: '0/FFFFFF00' }
const THEN = { server: SERVER, snapshot: SNAPSHOT }
const after = (server: Partial<ServerHistory>, snapshot: Partial<SnapshotNumbers> = {}) =>
  whyOtherServer(THEN, { server: { ...SERVER, ...server }, snapshot: { ...SNAPSHOT, ...snapshot } })

test('whyOtherServer: the same server, later or at once, null', () => {
  expect(after({})).toBeNull()
  expect(after({}, { xmin: '4294967296', xmax: '4294967299', position: '1/0' })).toBeNull()
})

test('whyOtherServer: one thing that differs, the reason', () => {
  expect(after({ system_identifier: '1' })).toBe('it is another server')
  expect(after({ system_identifier: null })).toBe('it is another server')
  expect(after({ database: 16385 })).toMatch(/another database/)
  expect(after({ started: '2026-02-19 03:00:00+00' })).toMatch(/restarted/)
  expect(after({ recovered: '2026-02-18 04:00:00+00' })).toMatch(/recovered from a crash/)
  expect(after({ standby: true, timeline: null })).toMatch(/promoted/)
  expect(after({ timeline: '00000002' })).toMatch(/promoted/)
})

test('whyOtherServer: a log or transaction ids that went back, the reason', () => {
  for (const earlier of [{ position: '0/FFFFFE00' }, { position: null }, { xmin: '754' }, { xmax: '756' }])
    expect(after({}, earlier)).toMatch(/earlier position/)
})
