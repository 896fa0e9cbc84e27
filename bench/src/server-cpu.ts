import { readdir, readFile } from 'node:fs/promises'

/** Linux counts CPU time in hundredths of a second, independent of the kernel's own clock (`USER_HZ`). */
const TICKS_PER_SECOND = 100

/**
 * Returns the CPU seconds that a Postgres server has used so far: of its first process, of its running children, and of
 * ended children, which Linux adds to their parent. The difference of two calls includes every connection and worker in
 * between.
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

/** Reads `/proc/<pid>/stat` (proc(5)); null if the process has ended meanwhile. */
async function readStat(pid: string) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  // the name in parentheses may contain any character
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [, parent] = fields
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15)
  return { pid: Number(pid), parent, own: user + system, ofEndedChildren: childrenUser + childrenSystem }
}
