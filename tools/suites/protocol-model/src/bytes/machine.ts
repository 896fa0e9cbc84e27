import { moveAccident, moveNote } from './accident.ts'
import { moveCollect } from './collect.ts'
import { type Context, GRACE } from './context.ts'
import { moveEnvironment } from './environment.ts'
import { moveLease, moveLeased } from './lease.ts'
import type { Move, Place } from './places.ts'
import { movePlan } from './plan-run.ts'
import { movePublish, type Publisher, putAll } from './publish.ts'
import { moveHolder, moveReader } from './read.ts'
import { moveRefresh } from './refresh.ts'
import { moveRepair } from './repair.ts'
import type { Actor, RunActor, Scenario } from './scenario.ts'
import { moveVerify } from './verify.ts'
import { same, type Warehouse, withEntry } from './warehouse.ts'

/** Returns every request that an actor may make next. */
export type Machine = (w: Warehouse, me: Place, actor: Actor) => readonly Move[]

/** The protocol. A crash is an actor that never moves again; a sleep is others moving first. */
export function machine(scenario: Scenario, flaws: ReadonlySet<string>): Machine {
  const context: Context = {
    scenario,
    grace: graceOf(scenario),
    has: (flaw) => flaws.has(flaw),
    lands: (found, base) => scenario.unconditional !== undefined || same(found, base),
    put: (w, key, value) => ({
      objects: withEntry(w.objects, key, value),
      ...(scenario.unconditional === 'whole' ? { putAt: withEntry(w.putAt, key, w.clock) } : {}),
    }),
  }
  return (w, me, actor) => step(w, me, actor, context)
}

function step(w: Warehouse, me: Place, actor: Actor, context: Context): readonly Move[] {
  switch (me.does) {
    case 'nothing':
      return []
    case 'plan':
      return movePlan(w, me, actor as RunActor, context)
    case 'publish':
      if (context.scenario.merged && me.at === 'puts' && actor.kind === 'run') return [putAll(w, me, context)]
      return movePublish(w, me, actor as Publisher, context)
    case 'refresh':
      return moveRefresh(w, me, context)
    case 'collect':
      return moveCollect(w, me, context)
    case 'note':
      return moveNote(w, me, 'id' in actor ? actor.id : '', context)
    case 'environment':
      return moveEnvironment(w, me, actor as Extract<Actor, { kind: 'environment' }>, context)
    case 'read':
      return moveReader(w, actor as Extract<Actor, { kind: 'reader' }>)
    case 'hold':
      return moveHolder(w, me, context)
    case 'verify':
      return moveVerify(w, me, context)
    case 'accident':
      return moveAccident(w, actor as Extract<Actor, { kind: 'accident' }>, context)
    case 'repair':
      return moveRepair(w, me, actor as Extract<Actor, { kind: 'repair' }>, context)
    case 'lease':
      return moveLease(w, me, 'id' in actor ? actor.id : '', context)
    case 'leased':
      return moveLeased(w, me, step(w, me.inner, actor, context), context)
  }
}

/** The grace, in ticks. */
export const graceOf = ({ unconditional }: Scenario): number => (unconditional === 'whole' ? 0 : GRACE)

/** Where an actor begins. */
export function begins(actor: Actor, flaws: ReadonlySet<string>): Place {
  switch (actor.kind) {
    case 'run': {
      const early = actor.again ? flaws.has('plans-on-older') : flaws.has('index-of-older-base')
      const plan: Place = { does: 'plan', at: early ? 'plans' : 'reads', id: actor.id }
      const first: Place = actor.collects ? { does: 'collect', at: 'reads', target: 'etl', next: plan } : plan
      return actor.leased ? { does: 'lease', at: 'reads', next: first } : first
    }
    case 'collector':
      return { does: 'collect', at: 'reads', target: actor.target ?? 'etl', next: { does: 'nothing' } }
    case 'environment':
      return { does: 'environment', at: flaws.has('env-etl-first') ? 'reads etl' : 'reads dev' }
    case 'note':
      return { does: 'note', at: 'reads' }
    case 'repair':
      return { does: 'repair', at: 'reads' }
    case 'verify':
      return { does: 'verify', at: 'reads' }
    case 'reader':
      return { does: 'read' }
    case 'accident':
      return { does: 'accident' }
  }
}
