import pg from 'pg'
import type { Random } from '../../protocol-model/src/simulation/random.ts'

const MAKE = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE TYPE pair AS (a int, b mood);
  CREATE TABLE orders AS SELECT i AS id, i * 10 AS n, md5(i::text) AS note FROM generate_series(1, 200) i;
  CREATE INDEX orders_n ON orders (note);
  CREATE TABLE moods AS SELECT i AS id, 'sad'::mood AS mood, ROW(i, 'happy')::pair AS pair, 1 AS n FROM generate_series(1, 50) i;
  CREATE TABLE events (id int, n int, day int) PARTITION BY LIST (day);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
  CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2);
  INSERT INTO events SELECT i, i, 1 + i % 2 FROM generate_series(1, 100) i;
  CREATE TABLE spare AS SELECT i AS id, 0 AS n, 2 AS day FROM generate_series(1, 90) i;
  CREATE TABLE notes AS SELECT i AS id, i AS n FROM generate_series(1, 50) i;
  CREATE TABLE notes_old () INHERITS (notes);
  INSERT INTO notes_old SELECT i, i FROM generate_series(51, 60) i;
  CREATE TABLE quiet AS SELECT i AS id, i AS n FROM generate_series(1, 20) i`

/** No lock, since a transaction of the history is open; a spare partition whose columns are not those of the table. */
const NOT_NOW = ['55P03', '40P01', '42804']

/** A database and what happens to it, chosen at random. */
export class History {
  readonly random: Random
  /** What happened, for the report of a failure. */
  readonly trace: string[] = []
  /** Sessions with an open transaction. */
  readonly open: pg.Client[] = []
  /** Names of prepared transactions. */
  readonly prepared: string[] = []
  /** Counts up, for names that have not been used. */
  count = 0
  #url: string
  #client: pg.Client | undefined

  constructor(random: Random, url: string) {
    this.random = random
    this.#url = url
  }

  /** Makes the tables. */
  async begin(): Promise<void> {
    await (await this.#connected()).query(MAKE)
  }

  /** Runs a statement in a session of its own transaction; false if it cannot be had now. */
  async run(sql: string, client?: pg.Client): Promise<boolean> {
    const by = client ?? (await this.#connected())
    try {
      await by.query(sql)
      this.trace.push(sql)
      return true
    } catch (error) {
      const { code = '' } = error as { code?: string }
      if (!NOT_NOW.includes(code)) throw new Error(`${sql}: ${(error as Error).message} (${code})`, { cause: error })
      await by.query('ROLLBACK').catch(() => {})
      return false
    }
  }

  /** Returns the first column of the first row. */
  async ask(sql: string): Promise<unknown> {
    const { rows } = await (await this.#connected()).query({ text: sql, rowMode: 'array' })
    return rows[0]?.[0]
  }

  /** Opens one more session. */
  async another(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#url })
    client.on('error', () => {})
    await client.connect()
    await client.query(`SET lock_timeout = '30ms'`)
    return client
  }

  /** Ends all sessions, which rolls back their transactions. */
  async end(): Promise<void> {
    await Promise.all([this.#client, ...this.open.splice(0)].map((client) => client?.end()))
    this.#client = undefined
  }

  /** Goes on under another address, after a restart. */
  moveTo(url: string): void {
    this.#url = url
  }

  async #connected(): Promise<pg.Client> {
    this.#client ??= await this.another()
    return this.#client
  }
}
