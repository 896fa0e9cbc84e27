// Loaded into a measured process with `node --import`: prints its memory and CPU time when it ends.
import { readFileSync, writeSync } from 'node:fs'

process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage()
  // not `maxRSS`: a process starts with the value of its parent
  const peakKibibytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  const figures = { peakMegabytes: (peakKibibytes * 1024) / 1e6, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }
  writeSync(2, `\n#measured ${JSON.stringify(figures)}\n`)
})
