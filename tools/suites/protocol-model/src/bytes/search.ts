import { warehouseBefore } from './before.ts'
import { wrongPlace, wrongWarehouse } from './check.ts'
import { type Explored, explore, type State } from './explore.ts'
import { begins, machine } from './machine.ts'
import { type Numbering, numbering } from './numbering.ts'
import type { Move, Place } from './places.ts'
import type { Scenario } from './scenario.ts'
import { same, type Warehouse } from './warehouse.ts'

/** A move, in numbers. */
interface Step {
  readonly label: string
  readonly warehouse: number
  readonly place: number
}

/** Above every number of a place. */
const PLACES = 2 ** 22

/**
 * Visits all that can happen in a scenario. A state is the number of a warehouse and the number of each actor's place.
 * What an actor may do depends on these two numbers alone, so each move is computed once.
 */
export function search(scenario: Scenario, flaws: ReadonlySet<string> = new Set()): Explored {
  const actors = scenario.actors.filter(({ only }) => only === undefined || flaws.has(only))
  const move = machine(scenario, flaws)
  const warehouses = numberedWarehouses()
  const places = numbering<Place>()
  const numbered = ({ label, me, changes }: Move, from: Warehouse): Step => ({
    label,
    warehouse:
      Object.keys(changes).length === 0 ? warehouses.numberOf(from) : warehouses.numberOf({ ...from, ...changes }),
    place: places.numberOf(me),
  })

  const stepsOf = actors.map((actor) =>
    remembered((warehouse, place) => {
      const w = warehouses.valueOf(warehouse)
      return move(w, places.valueOf(place), actor).map((each) => {
        return numbered({ ...each, label: `${actor.name} ${each.label}` }, w)
      })
    }),
  )
  const eventsOf = remembered((warehouse) =>
    events(warehouses.valueOf(warehouse), scenario).map(([label, w]) => ({ label, warehouse: warehouses.numberOf(w) })),
  )
  const wrongWith = remembered((warehouse) => wrongWarehouse(warehouses.valueOf(warehouse), scenario, flaws))
  const wrongAt = remembered((warehouse, place) =>
    wrongPlace(warehouses.valueOf(warehouse), places.valueOf(place), scenario),
  )

  function next(state: State, emit: (label: string, state: State) => void): void {
    const warehouse = state[0] as number
    stepsOf.forEach((steps, i) => {
      for (const step of steps(warehouse, state[i + 1] as number)) {
        const after = state.slice()
        after[0] = step.warehouse
        after[i + 1] = step.place
        emit(step.label, after)
      }
    })
    for (const event of eventsOf(warehouse, 0)) emit(event.label, [event.warehouse, ...state.slice(1)])
  }

  function wrong(state: State): string | null {
    const warehouse = state[0] as number
    for (const [i, { name }] of actors.entries()) {
      const reason = wrongAt(warehouse, state[i + 1] as number)
      if (reason !== null) return `${name} ${reason}`
    }
    return wrongWith(warehouse, 0)
  }

  const begin = actors.map((actor) => places.numberOf(begins(actor, flaws)))
  return explore({ first: [warehouses.numberOf(warehouseBefore(scenario.before)), ...begin], next, wrong })
}

/** What happens without an actor. */
function events(w: Warehouse, { ticks = 3, unconditional }: Scenario): (readonly [string, Warehouse])[] {
  const found: (readonly [string, Warehouse])[] = []
  if (w.net) {
    const lands = unconditional !== undefined || same(w.etl, w.net.base)
    const after = lands ? { etl: w.net.etl, truth: w.net.truth } : {}
    found.push(['the commit on its way arrives', { ...w, ...after, net: null }])
  }
  if (w.clock < ticks) found.push(['time passes', { ...w, clock: w.clock + 1 }])
  return found
}

/** Numbers warehouses by the numbers of their parts: most of them share most. */
function numberedWarehouses(): Numbering<Warehouse> {
  const parts = numbering<unknown>()
  const tuples = numbering<readonly number[]>()
  const warehouses: Warehouse[] = []
  return {
    numberOf(w) {
      const numbers = Object.values(w).map((part) => parts.numberOf(part))
      const number = tuples.numberOf(numbers)
      warehouses[number] ??= Object.fromEntries(
        Object.keys(w).map((name, i) => [name, parts.valueOf(numbers[i] as number)]),
      ) as unknown as Warehouse
      return number
    },
    valueOf: (number) => warehouses[number] as Warehouse,
  }
}

/** Remembers the answer for each pair of numbers. */
function remembered<T>(compute: (warehouse: number, place: number) => T): (warehouse: number, place: number) => T {
  const answers = new Map<number, T>()
  return (warehouse, place) => {
    const key = warehouse * PLACES + place
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = compute(warehouse, place)
    answers.set(key, answer)
    return answer
  }
}
