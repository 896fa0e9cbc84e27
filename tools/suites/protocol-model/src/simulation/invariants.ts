import { isDeepStrictEqual } from 'node:util'
import {
  DAYS_PREFIX,
  type Day,
  INDEX_PREFIX,
  monthOf,
  PARTS_PREFIX,
  RETAINED_PREFIX,
  type RetiredGroup,
  SNAPSHOTS_PREFIX,
  STAGE_PREFIX,
  STATE_KEY,
  tableFileDay,
  tableFileKey,
  writtenBy,
} from '@dwh/core'
import { RETAINED_FOR_MS } from '@dwh/metadata'
import type { Objects } from './objects.ts'
import { follow, type Reached, type Version, type Versions, versionOf } from './reached.ts'

/** A broken guarantee of the protocol. */
export class Violation extends Error {}

/** What a run publishes. */
export interface Work {
  readonly date: Day
  readonly tables: Versions
  /** Tables that are current no more. */
  readonly dropped: readonly string[]
}

/** What is true of a schedule, so that more must hold. */
export interface Promises {
  /** No copy can land over a newer one: the store can tell. */
  readonly copiesAreGuarded: boolean
}

/** Knows from outside what was committed and what `etl.json` has reached, and checks each write. */
export class Ledger {
  readonly #objects: Objects
  readonly #now: () => Date
  readonly #promises: Promises
  /** By run, what it publishes. */
  readonly #works = new Map<string, Work>()
  /** By day and table, what was committed last. */
  readonly #truth = new Map<Day, Map<string, Version>>()
  /** By current table, its day. */
  readonly #current = new Map<string, Day>()
  /** By key, its bytes, and when an `etl.json` that reached it was last current. */
  readonly #held = new Map<string, { sha256: string; at: number }>()
  #reached: Reached | null = null
  /** Every run that has ever committed, in order. */
  readonly committed: string[] = []

  constructor(objects: Objects, now: () => Date, promises: Promises) {
    this.#objects = objects
    this.#now = now
    this.#promises = promises
    this.#reached = follow(objects)
    for (const [day, tables] of this.#reached?.days ?? []) this.#truth.set(day, new Map(tables))
    for (const [name, { date }] of Object.entries(this.#reached?.state.tables ?? {})) this.#current.set(name, date)
    objects.onWrite = (key) => this.#changed(key)
  }

  /** The fencing token of `etl.json`. */
  get token(): number {
    return this.#reached?.state.fencing_token ?? 0
  }

  /** Tells of a run that may commit. */
  expect(runId: string, work: Work): void {
    this.#works.set(runId, work)
  }

  #changed(key: string): void {
    const before = this.#reached
    if (key === STATE_KEY) {
      const at = this.#now().getTime()
      for (const [held, sha256] of before?.keys ?? []) this.#held.set(held, { sha256, at })
      this.#reached = follow(this.#objects)
      this.#learn(before, this.#reached!)
    } else {
      this.#checkHeld(key)
      if (tableFileDay(key) !== null) this.#checkPlain(key)
    }
    if (key === STATE_KEY || this.#reached?.keys.has(key)) this.check()
    const { state } = this.#reached ?? {}
    const isMade = key === STATE_KEY && state?.copies_pending?.length === 0
    if (isMade && this.#promises.copiesAreGuarded && (before?.state.copies_pending?.length ?? 0) > 0)
      this.#checkCopies('etl.json says that all plain copies are made')
  }

  #learn(before: Reached | null, { state, keys }: Reached): void {
    const { run_id, fencing_token, retired = [] } = state
    if (fencing_token < (before?.state.fencing_token ?? 0)) throw new Violation('etl.json went back')
    const work = this.#works.get(run_id ?? '')
    if (run_id !== null && run_id !== before?.state.run_id && work) {
      if (this.committed.includes(run_id)) throw new Violation(`${run_id} committed twice`)
      this.committed.push(run_id)
      this.#publish(work)
      for (const key of keys.keys())
        if (!before?.keys.has(key) && writtenBy(key) !== run_id)
          throw new Violation(`etl.json names ${key} again, which its base did not reach`)
    }
    if (before?.state.older) return
    const known = new Set(before?.state.retired.map((group) => group.run_id))
    const isPruned = ({ run_id, until }: RetiredGroup) => {
      return !known.has(run_id) && !this.#works.has(run_id) && until === null
    }
    if (retired.some(isPruned)) this.#prune()
  }

  #publish({ date, tables, dropped }: Work): void {
    const day = this.#truth.get(date) ?? new Map<string, Version>()
    this.#truth.set(date, day)
    for (const name of dropped) this.#current.delete(name)
    for (const [name, version] of tables) {
      day.set(name, version)
      if ((this.#current.get(name) ?? '') <= date) this.#current.set(name, date)
    }
  }

  /** `dwh prune` keeps the last day, and those as of which a table is current. */
  #prune(): void {
    const days = [...this.#truth.keys()].sort()
    const kept = new Set([days.at(-1), ...this.#current.values()])
    for (const day of days) if (!kept.has(day)) this.#truth.delete(day)
  }

  /** Checks that no reader of an earlier `etl.json` misses what has just been removed or replaced. */
  #checkHeld(key: string): void {
    const held = this.#held.get(key)
    if (!held || this.#objects.at(key)?.sha256 === held.sha256) return
    if (held.at + RETAINED_FOR_MS > this.#now().getTime())
      throw new Violation(`a reader, within the retention time, finds ${key} gone`)
    this.#held.delete(key)
  }

  #checkPlain(key: string): void {
    const [run = ''] = Buffer.from(this.#objects.at(key)?.body ?? '')
      .toString()
      .split(' ')
    const isKnown = run === '' || !this.#works.has(run) || this.committed.includes(run)
    if (!isKnown) throw new Violation(`${key} holds the bytes of ${run}, which never committed`)
  }

  /** Checks what must hold at every moment. */
  check(): void {
    const reached = this.#reached && follow(this.#objects)
    if (!reached) return
    if (reached.missing !== null) throw new Violation(`etl.json reaches ${reached.missing}, which is not there`)
    const said = linesOf(reached.days)
    const committed = linesOf(this.#truth)
    if (said !== committed) throw new Violation(`the lists say ${said}; committed was ${committed}`)
    const current = Object.entries(reached.state.tables)
    for (const [name, entry] of current) {
      const { date } = entry
      if (this.#current.get(name) !== date) throw new Violation(`the current ${name} is of another day`)
      const listed = this.#truth.get(date)?.get(name)
      if (!isDeepStrictEqual(versionOf(entry), listed))
        throw new Violation(`the current ${name} is not that of its day`)
    }
    if (current.length < this.#current.size) throw new Violation('the current tables are too few')
  }

  #checkCopies(when: string): void {
    const wanted = new Map<string, string | undefined>()
    for (const [day, tables] of this.#truth)
      for (const [name, version] of tables) {
        const path = tableFileKey({ schema: 'public', name }, day)
        wanted.set(path, this.#hasCopy(day, name, version) ? version.sha256 : undefined)
      }
    for (const key of this.#objects.keys('')) if (tableFileDay(key) && !wanted.has(key)) wanted.set(key, undefined)
    for (const [key, sha256] of wanted)
      if (this.#objects.at(key)?.sha256 !== sha256) throw new Violation(`${when}, but ${key} is not what its list says`)
  }

  #hasCopy(day: Day, name: string, { path, complete }: Version): boolean {
    if (complete === 'changed') return path === tableFileKey({ schema: 'public', name }, day)
    if (complete !== 'month-end') return complete === 'daily'
    const later = [...this.#truth].filter(([other]) => other > day)
    const isOfMonth = (other: Day) => monthOf(other) === monthOf(day)
    return !later.every(([other]) => isOfMonth(other)) && !later.some(([other, of]) => isOfMonth(other) && of.has(name))
  }

  /** Checks what must hold once all processes have ended, all times are over, and all is cleaned. */
  checkTidy(copiesAreRight: boolean): void {
    this.check()
    const { state, keys } = this.#reached!
    // a group that tells nothing stays until the next commit
    const retired = state.retired.filter(({ until, days, keys: left }) => !until || days.length + left.length > 0)
    if (state.copies_pending.length + retired.length > 0)
      throw new Violation(`etl.json still notes ${JSON.stringify([state.copies_pending, retired])}`)
    const prefixes = [PARTS_PREFIX, DAYS_PREFIX, INDEX_PREFIX, SNAPSHOTS_PREFIX, STAGE_PREFIX, RETAINED_PREFIX]
    const left = prefixes.flatMap((prefix) => this.#objects.keys(prefix)).filter((key) => !keys.has(key))
    if (left.length > 0) throw new Violation(`orphans left: ${left.join(', ')}`)
    if (copiesAreRight) this.#checkCopies('all is quiet')
  }
}

function linesOf(days: ReadonlyMap<Day, Versions>): string {
  const lines = [...days].map(([day, tables]) => {
    const versions = [...tables].map(([name, { path, sha256, complete }]) => `${name}: ${path} ${sha256} ${complete}`)
    return `${day} ${versions.sort().join(', ')}`
  })
  return lines.sort().join('; ')
}
