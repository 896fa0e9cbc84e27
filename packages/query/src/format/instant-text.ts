import { shortOffset, type TimeZone } from './time-zone.ts'

/**
 * Returns an instant as answers show it, to the second or with its fraction: `2026-02-18 04:00:12.123456+01`.
 * `instant`: RFC 3339; any other text is returned as it is.
 */
export function instantText(instant: string, zone: TimeZone, precision: 'second' | 'fraction' = 'second'): string {
  const millis = Date.parse(instant)
  if (Number.isNaN(millis)) return instant
  const seconds = Math.floor(millis / 1000)
  const offset = zone.offsetAt(BigInt(seconds) * 1_000_000n)
  const local = new Date((seconds + offset) * 1000).toISOString()
  const fraction = precision === 'second' ? '' : (/\.\d+/.exec(instant)?.[0] ?? '')
  return `${local.slice(0, -'.000Z'.length).replace('T', ' ')}${fraction}${shortOffset(offset)}`
}
