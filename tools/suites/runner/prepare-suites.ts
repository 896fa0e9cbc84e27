import { readFile } from 'node:fs/promises'
import { duckdbExtensions } from '@dwh/duckdb-extensions'
import { pgbouncerFolder, pythonEnvironment } from '@dwh/test-kit'

interface Chosen {
  readonly counts: readonly { readonly needs: readonly string[] }[]
}

/** Dependencies of several suites, installed once outside the checkout. Single tests install what only they need. */
const INSTALLED: Readonly<Record<string, () => Promise<unknown>>> = {
  'duckdb-extensions': duckdbExtensions,
  pgbouncer: pgbouncerFolder,
  'kubernetes-validate': async () =>
    pythonEnvironment(
      'kubernetes-validate',
      await readFile(new URL('../../release/image/requirements.txt', import.meta.url), 'utf8'),
    ),
}

/** Installs the shared dependencies of the suites of this run, before any test waits for them. */
export default async function setup(): Promise<void> {
  const { counts } = JSON.parse(process.env.DWH_SUITES ?? '{"counts":[]}') as Chosen
  const needs = new Set(counts.flatMap((each) => each.needs))
  await Promise.all(Object.entries(INSTALLED).map(([need, install]) => (needs.has(need) ? install() : null)))
}
