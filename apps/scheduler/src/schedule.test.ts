import { describe, expect, test } from 'vitest'
import { isFrequent, parseSchedule } from './schedule.ts'

function times(expression: string, timeZone: string, from: string, count: number): string[] {
  const schedule = parseSchedule(expression, timeZone, 'schedule.run')
  const found: Date[] = []
  for (let time = new Date(from); found.length < count; found.push(time)) time = schedule.next(time)
  return found.map((time) => time.toISOString().slice(0, 16))
}

describe('daylight-saving changes', () => {
  test.each([
    // skipped time: right after the gap
    ['30 2 * * *', 'Europe/Zurich', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-30T00:30']],
    // repeated time: the first time only
    ['30 2 * * *', 'Europe/Zurich', '2026-10-24T12:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
    // the same for an expression with several hours
    [
      '30 1,2 * * *',
      'America/New_York',
      '2026-10-31T12:00Z',
      ['2026-11-01T05:30', '2026-11-01T07:30', '2026-11-02T06:30'],
    ],
    [
      '15 0-3 * * *',
      'Europe/Zurich',
      '2026-10-24T23:00Z',
      ['2026-10-24T23:15', '2026-10-25T00:15', '2026-10-25T02:15', '2026-10-25T23:15'],
    ],
    // a change of half an hour, in Australia
    ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-03T16:00Z', ['2026-04-04T14:45', '2026-04-05T15:15']],
    // every half hour: the repeated hour has two, like any other
    [
      '*/30 * * * *',
      'Europe/Zurich',
      '2026-10-25T00:00Z',
      ['2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
    ],
    ['@hourly', 'Europe/Zurich', '2026-10-24T23:30Z', ['2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T02:00']],
    // several minutes in the skipped hour: one run, right after the gap
    [
      '0,30 2 * * *',
      'Europe/Zurich',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:00', '2026-03-30T00:30'],
    ],
    [
      '*/15 2 * * *',
      'Europe/Zurich',
      '2026-03-29T00:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:00', '2026-03-30T00:15'],
    ],
    [
      '15 0,2,12 * * *',
      'Europe/Zurich',
      '2026-03-28T23:30Z',
      ['2026-03-29T01:00', '2026-03-29T10:15', '2026-03-29T22:15'],
    ],
    [
      '0,5 0 * * *',
      'America/Santiago',
      '2026-09-05T12:00Z',
      ['2026-09-06T04:00', '2026-09-07T03:00', '2026-09-07T03:05'],
    ],
    [
      '0 0,12 * * *',
      'America/Havana',
      '2026-03-07T18:00Z',
      ['2026-03-08T05:00', '2026-03-08T16:00', '2026-03-09T04:00'],
    ],
    ['0 */2 * * *', 'Europe/Zurich', '2026-10-24T22:00Z', ['2026-10-25T00:00', '2026-10-25T03:00', '2026-10-25T05:00']],
    [
      '0 */12 * * *',
      'America/Havana',
      '2026-10-31T18:00Z',
      ['2026-11-01T04:00', '2026-11-01T17:00', '2026-11-02T05:00'],
    ],
    [
      '0,30 * * * *',
      'Europe/Zurich',
      '2026-03-29T00:00Z',
      ['2026-03-29T00:30', '2026-03-29T01:00', '2026-03-29T01:30'],
    ],
    // midnight itself may be skipped
    ['0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00Z', ['2018-11-04T03:00', '2018-11-05T02:00']],
  ])('%s in %s', (expression, timeZone, from, expected) => {
    expect(times(expression, timeZone, from, expected.length)).toEqual(expected)
  })

  const ZONES = [
    'UTC',
    'Europe/Zurich',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Asia/Kathmandu',
    'America/Santiago',
  ]
  test.each(ZONES)('%s: every time of day happens once on each of 800 days', (timeZone) => {
    const day = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' })
    for (const hour of [0, 2, 3])
      for (const minute of [0, 30]) {
        const schedule = parseSchedule(`${minute} ${hour} * * *`, timeZone, 'schedule.run')
        let time = schedule.next(new Date('2026-01-01T12:00Z'))
        let today = day.format(time)
        for (let days = 0; days < 800; days += 1) {
          time = schedule.next(time)
          const next = new Date(`${today}T12:00Z`)
          next.setUTCDate(next.getUTCDate() + 1)
          today = next.toISOString().slice(0, 10)
          expect(day.format(time)).toBe(today)
        }
      }
  })
})

test('next: the time itself is excluded, a second before is not', () => {
  expect(times('0 3 * * *', 'UTC', '2026-02-18T03:00:00Z', 1)).toEqual(['2026-02-19T03:00'])
  expect(times('0 3 * * *', 'UTC', '2026-02-18T02:59:59Z', 1)).toEqual(['2026-02-18T03:00'])
})

test.each([
  ['3 o’clock', '2 fields, expected five or six'],
  ['0 3 * *', '4 fields, expected five or six'],
  ['2027-01-01T03:00:00', '1 fields, expected five or six'],
  ['@sometimes', 'exactly five, six, or seven'],
  ['61 * * * *', 'Invalid value for minute: 61'],
  ['0 3 31 2 *', 'never happens'],
  ['0 0 3 1 1 * 2020', 'a year is not allowed'],
])('%s: refused at the start', (expression, why) => {
  const parse = () => parseSchedule(expression, 'UTC', 'schedule.run')
  expect(parse).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(why) }))
  expect(parse).toThrow(`schedule.run "${expression}"`)
})

test.each([
  ['*/5 * * * *', true],
  ['* * * * * *', true],
  ['0 * * * *', false],
  ['0 3 * * *', false],
])('%s: less than an hour apart: %s', (expression, frequent) => {
  expect(isFrequent(parseSchedule(expression, 'UTC', 'schedule.run'), new Date('2026-02-18T00:00:00Z'))).toBe(frequent)
})
