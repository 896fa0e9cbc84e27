import {
  type DayManifest,
  type EtlState,
  type FileEntry,
  manifestDay,
  manifestKey,
  SNAPSHOTS_PREFIX,
  STAGE_PREFIX,
  STATE_KEY,
  stageKey,
  whereToLook,
} from '@dwh/core'
import type { Objects } from './objects.ts'

/** A broken guarantee of the protocol. */
export class Violation extends Error {}

/** Records from outside which runs have committed and what `etl.json` has contained, and checks each write. */
export class Ledger {
  readonly #objects: Objects
  readonly #now: () => Date
  readonly #manifests = new WeakMap<Uint8Array, DayManifest>()
  /** By day, the last run that committed it. */
  readonly #days = new Map<string, string>()
  /** By final key, the newest run that it has held, as its position in `committed`. */
  readonly #newest = new Map<string, number>()
  /** By key and hash, the end of the retention period of replaced bytes. */
  readonly #retained = new Map<string, string>()
  /** Every run that has ever committed, in order. */
  readonly committed: string[] = []
  state: EtlState | null = null

  /** `committed`: the runs that made these objects. */
  constructor(objects: Objects, now: () => Date, committed: readonly string[]) {
    this.#objects = objects
    this.#now = now
    this.committed.push(...committed.slice(0, -1))
    this.#learnState()
    for (const key of objects.keys(SNAPSHOTS_PREFIX)) this.#days.set(manifestDay(key)!, this.#manifest(key)!.run_id)
    objects.onWrite = (key) => this.#changed(key)
  }

  #changed(key: string): void {
    if (key === STATE_KEY) this.#learnState()
    else if (key.endsWith('.parquet') && !key.startsWith('_dwh/')) this.#checkFinal(key)
    this.check()
  }

  #learnState(): void {
    const found = this.#objects.at(STATE_KEY)
    if (!found) return
    const before = this.state
    this.state = JSON.parse(Buffer.from(found.body).toString()) as EtlState
    const { run_id, publishing, fencing_token, retained } = this.state
    for (const { key, sha256, until } of retained) this.#retained.set(`${key} ${sha256}`, until)
    if (fencing_token < (before?.fencing_token ?? 0)) throw new Violation('etl.json went back')
    if (run_id === null || run_id === before?.run_id) return
    if (this.committed.includes(run_id)) throw new Violation(`${run_id} committed twice`)
    this.committed.push(run_id)
    if (publishing) this.#days.set(publishing.date, run_id)
  }

  /** Checks that a final object is of a committed run, and not older than the previous object. */
  #checkFinal(key: string): void {
    const found = this.#objects.at(key)
    if (!found) throw new Violation(`${key} is gone`)
    const [run = ''] = Buffer.from(found.body).toString().split(' ')
    const order = this.committed.indexOf(run)
    if (order < 0) throw new Violation(`${key} holds the bytes of ${run}, which never committed`)
    if (order < (this.#newest.get(key) ?? 0)) throw new Violation(`${key}: the older bytes of ${run} over newer ones`)
    this.#newest.set(key, order)
  }

  /** Whether these bytes were replaced and their retention period has ended. */
  retentionEnded({ key, sha256 }: Pick<FileEntry, 'key' | 'sha256'>): boolean {
    const until = this.#retained.get(`${key} ${sha256}`)
    return until !== undefined && until <= this.#now().toISOString()
  }

  /** Checks what must hold at every moment. */
  check(): void {
    const { state } = this
    if (!state) return
    const promoted = state.publishing === null
    for (const file of filesOf(state)) this.#checkFile(file, promoted)
    for (const [day, run] of this.#days) {
      const manifest = this.#manifestOf(day)
      if (manifest?.run_id !== run)
        throw new Violation(`the manifest of ${day} is of ${manifest?.run_id}, not of ${run}`)
      for (const file of filesOf(manifest)) this.#checkFile(file, promoted)
    }
    const now = this.#now().toISOString()
    for (const retained of state.retained)
      if (retained.until > now && !this.#holder(retained))
        throw new Violation(
          `etl.json says that the replaced ${retained.key} is retained as ${retained.retained_as}, but it is not`,
        )
  }

  #checkFile(file: FileEntry, promoted: boolean): void {
    const holder = this.#holder(file)
    if (holder === undefined) throw new Violation(`the committed bytes of ${file.key} are missing`)
    if (promoted && holder !== file.key)
      throw new Violation(`nothing is being published, but ${file.key} must be read from ${holder}`)
  }

  /** Returns the key at which a reader finds these bytes now. */
  #holder(file: Pick<FileEntry, 'key' | 'sha256'>): string | undefined {
    return whereToLook(this.state!, file).find((key) => this.#objects.at(key)?.sha256 === file.sha256)
  }

  #manifestOf(day: string): DayManifest | undefined {
    const key = manifestKey(day)
    const { publishing } = this.state!
    const staged = publishing?.date === day ? this.#manifest(stageKey(publishing.run_id, key)) : undefined
    return staged ?? this.#manifest(key)
  }

  #manifest(key: string): DayManifest | undefined {
    const found = this.#objects.at(key)
    if (!found) return undefined
    let manifest = this.#manifests.get(found.body)
    if (!manifest) {
      manifest = JSON.parse(Buffer.from(found.body).toString()) as DayManifest
      this.#manifests.set(found.body, manifest)
    }
    return manifest
  }

  /** Checks what must hold once all processes have ended and orphans were removed. */
  checkTidy(): void {
    this.check()
    if (this.state?.publishing) throw new Violation(`${this.state.publishing.run_id} is still being published`)
    const left = this.#objects.keys(STAGE_PREFIX)
    const named = new Set(this.state?.retained.map((file) => file.retained_as))
    left.push(...this.#objects.keys('_dwh/kept/').filter((key) => !named.has(key)))
    if (left.length > 0) throw new Violation(`orphans left: ${left.join(', ')}`)
  }
}

function filesOf({ tables }: Pick<DayManifest, 'tables'>): FileEntry[] {
  return Object.values(tables).flatMap((table) => table.files)
}
