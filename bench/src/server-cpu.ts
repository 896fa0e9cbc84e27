import { readdir, readFile } from 'node:fs/promises'

/** Linux counts these in hundredths of a second, whatever the kernel's own clock (`USER_HZ`). */
const TICKS_PER_SECOND = 100

/**
 * CPU seconds that a Postgres server has used so far: its first process, the children that still run, and those that have ended, which Linux adds to
 * their parent. The difference of two readings is what happened in between, in every connection and every worker.
 */
export async function serverCpuSeconds(postmaster: number): Promise<number> {
  const processes = await Promise.all(
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => readStat(name)),
  )
  let ticks = 0
  for (const stat of processes) {
    if (stat?.pid === postmaster) ticks += stat.own + stat.ofEndedChildren
    else if (stat?.parent === postmaster) ticks += stat.own
  }
  return ticks / TICKS_PER_SECOND
}

/** Of `/proc/<pid>/stat` (proc(5)); null when the process has ended meanwhile. */
async function readStat(pid: string) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  // the name in parentheses may hold anything
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [, parent] = fields
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15)
  return { pid: Number(pid), parent, own: user + system, ofEndedChildren: childrenUser + childrenSystem }
}
