import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, totalmem } from 'node:os'

export interface ConditionsInput {
  readonly startedAt: Date
  readonly shrink: number
  readonly serverVersion: string
}

/**
 * Returns the conditions that a comparison with other results needs. Call it before measuring: the load must be that of
 * other programs.
 */
export function conditions({ startedAt, shrink, serverVersion }: ConditionsInput): string[] {
  const [processor] = cpus()
  const duckdb = createRequire(import.meta.url).resolve('@duckdb/node-api/package.json')
  const { version } = JSON.parse(readFileSync(duckdb, 'utf8')) as { version: string }
  return [
    ...(shrink === 1
      ? []
      : [`**1/${shrink} of the rows: this shows that the bench works, not how fast anything is.**`]),
    `${startedAt.toISOString().slice(0, 10)}, commit ${commit()}`,
    `${cpus().length} cores (${processor?.model.trim()}), ${(totalmem() / 1e9).toFixed(0)} GB, ${process.platform} ${process.arch}; load before the start ${loadavg()[0]?.toFixed(2)}`,
    `Node ${process.versions.node}, @duckdb/node-api ${version}, Postgres ${serverVersion} on the same machine, reached by TCP on loopback`,
  ]
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: new URL('.', import.meta.url), encoding: 'utf8' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ' with changes' : ''}`
  } catch {
    return 'unknown'
  }
}
