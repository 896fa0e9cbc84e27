import { quoteIdentifier } from '@dwh/core'
import type { PgTable } from '../catalog/list-tables.ts'
import { MOST_EXPRESSIONS } from '../catalog/most-expressions.ts'
import { filledText } from '../catalog/output-text.ts'
import { qualifiedName } from '../catalog/qualified-name.ts'
import type { TypeMapping } from '../catalog/type-mapping.ts'
import { whereClause } from '../read/read-rows.ts'
import type { PgClient } from '../session/pg-client.ts'

/** The answer of Postgres, available after the questions were sent. */
export type Answer = () => string | null

/** What an aggregate ranges over: the rows of a table, or the elements of the arrays in a column. */
export interface Scope {
  /** The expression of a value. */
  readonly value: string
  ask(aggregate: 'count' | 'sum' | 'min' | 'max', argument: string, options?: AskOptions): Answer
}

interface AskOptions {
  readonly filter?: string | undefined
  /** Wraps the aggregate in another expression. */
  readonly wrap?: ((aggregate: string) => string) | undefined
}

/** Expressions over one table, each evaluated once. */
export interface Questions {
  readonly utf8: boolean
  ask(sql: string): Answer
  rows(value: string): Scope
  /** The elements of the arrays in a column. `index`: position of the column in the table. */
  elements(array: string, index: number, mapping: TypeMapping): Scope
  answer(client: PgClient, table: PgTable, where: string | undefined): Promise<void>
}

export function openQuestions(utf8: boolean): Questions {
  const answers = new Map<string, string | null>()
  /** By position of the column: its arrays, and the expressions over the elements of each. */
  const laterals = new Map<number, { readonly array: string; readonly expressions: string[] }>()

  function ask(sql: string): Answer {
    answers.set(sql, null)
    return () => answers.get(sql) ?? null
  }

  /**
   * The FROM clause: the table as `t`, so that no column name collides with ours, and beside each row the aggregates of
   * its elements, as far as they are used.
   */
  function from(table: PgTable, where: string | undefined, part: readonly string[]): string {
    const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(', ')
    const beside = [...laterals]
      .filter(([index]) => part.some((sql) => sql.includes(`e${index}.f`)))
      .map(([index, { array, expressions }]) => {
        const list = expressions.map((sql, field) => `${sql} AS f${field}`).join(', ')
        return `CROSS JOIN LATERAL (SELECT ${list} FROM pg_catalog.unnest(${array}) AS u (e)) AS e${index}`
      })
    return [`(SELECT ${columns} FROM ${qualifiedName(table)}${whereClause(where)}) AS t`, ...beside].join(' ')
  }

  return {
    utf8,
    ask,
    rows: (value) => ({
      value,
      ask: (aggregate, argument, { filter, wrap = same } = {}) => ask(wrap(filtered(aggregate, argument, filter))),
    }),
    elements(array, index, mapping) {
      const expressions = laterals.get(index)?.expressions ?? ([] as string[])
      laterals.set(index, { array, expressions })
      return {
        value: mapping.value('e'),
        ask(aggregate, argument, { filter, wrap = same } = {}) {
          const sql = filtered(aggregate, argument, filter)
          if (!expressions.includes(sql)) expressions.push(sql)
          const field = `e${index}.f${expressions.indexOf(sql)}`
          return ask(wrap(aggregate === 'count' ? `coalesce(sum(${field}), 0)` : `${aggregate}(${field})`))
        },
      }
    },
    async answer(client, table, where) {
      const all = [...answers.keys()]
      for (let at = 0; at < all.length; at += MOST_EXPRESSIONS) {
        const part = all.slice(at, at + MOST_EXPRESSIONS)
        const { rows } = await client.query({
          text: `SELECT ${part.map(filledText).join(', ')} FROM ${from(table, where, part)}`,
          rowMode: 'array',
        })
        const found = rows[0] as (string | null)[]
        part.forEach((sql, index) => {
          answers.set(sql, found[index] ?? null)
        })
      }
    },
  }
}

function filtered(aggregate: string, argument: string, filter: string | undefined): string {
  return `${aggregate}(${argument})${filter === undefined ? '' : ` FILTER (WHERE ${filter})`}`
}

const same = (sql: string) => sql
