// Loaded into a measured process with `node --import`: says at its end what it has used.
import { readFileSync, writeSync } from 'node:fs'

process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage()
  // not `maxRSS`: a process begins with that of the one that started it
  const peakKibibytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  const figures = { peakMegabytes: (peakKibibytes * 1024) / 1e6, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }
  writeSync(2, `\n#measured ${JSON.stringify(figures)}\n`)
})
