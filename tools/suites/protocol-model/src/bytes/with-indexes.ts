import type { Publication, Put } from './places.ts'
import { type Commit, type daysOf, type Index, indexKey, monthOf } from './warehouse.ts'

/**
 * Adds to a publication the index of each month that it touches: the base's, with the new lists and without the days
 * that go.
 */
export function withIndexes(
  id: string,
  base: Commit,
  days: ReturnType<typeof daysOf>,
  { lists, gone, changed, made }: Pick<Publication, 'lists' | 'gone' | 'changed'> & { readonly made?: string },
): { what: Publication; puts: Put[] } {
  const after: Record<string, Index['days'][string]> = { ...days }
  const puts: Put[] = []
  const mark = made === undefined ? {} : { made }
  for (const day of gone) delete after[day]
  for (const [day, { key, files }] of Object.entries(lists)) {
    after[day] = { list: key, files, ...mark }
    puts.push({ label: `puts the list of day ${day}`, key, value: { files, ...mark } })
  }
  const touched = base.old ? Object.keys({ ...days, ...lists }) : [...Object.keys(lists), ...gone]
  const indexes: Record<string, string | null> = {}
  for (const month of [...new Set(touched.map(monthOf))].sort()) {
    const ofMonth = Object.fromEntries(Object.entries(after).filter(([day]) => monthOf(day) === month))
    const key = indexKey(id, month)
    indexes[month] = Object.keys(ofMonth).length === 0 ? null : key
    const name = month === 0 ? 'the index' : `the index of month ${month}`
    if (indexes[month]) puts.push({ label: `puts ${name}`, key, value: { days: ofMonth } })
  }
  const touchedDays = [...Object.keys(lists), ...gone].filter((day) => days[day])
  const replaced = Object.fromEntries(touchedDays.map((day) => [day, days[day]!]))
  return { what: { lists, gone, changed, replaced, indexes }, puts }
}
