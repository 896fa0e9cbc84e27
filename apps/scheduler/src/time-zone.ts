/** Converts between time and local time. A local time is a Date whose UTC fields are what the local clock shows. */
export interface TimeZone {
  shownAt(time: Date): Date
  /** Returns the first moment with this local time; for a skipped local time, the moment after the gap. */
  firstShowing(shown: Date): Date
}

const DAY_MS = 86_400_000

/** Returns the time zone with an IANA name. */
export function timeZoneOf(timeZone: string): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  })

  function shownAt(time: Date): Date {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  }

  /** Offset from UTC, in milliseconds. */
  function offsetAt(time: number): number {
    const whole = Math.floor(time / 1000) * 1000
    return shownAt(new Date(whole)).getTime() - whole
  }

  return {
    shownAt,
    firstShowing(shown) {
      const wanted = shown.getTime()
      const [before, after] = [offsetAt(wanted - DAY_MS), offsetAt(wanted + DAY_MS)]
      const moments = [wanted - before, wanted - after].sort((a, b) => a - b)
      const found = moments.find((moment) => moment + offsetAt(moment) === wanted)
      return new Date(found ?? changeBetween(moments[0] as number, moments[1] as number, offsetAt))
    },
  }
}

/** Finds the first moment, to the second, that has the offset of `to`. */
function changeBetween(from: number, to: number, offsetAt: (time: number) => number): number {
  let [low, high] = [from, to]
  const changed = offsetAt(to)
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000
    if (offsetAt(middle) === changed) high = middle
    else low = middle
  }
  return high
}
