import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Converts the filter of a unit (`SystemCallFilter=allowed` and `SystemCallFilter=~denied`) for a container engine:
 * other calls fail with EPERM. https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp
 */
export async function seccompProfile(allowed: string, denied: string): Promise<object> {
  const [may, mayNot] = [await systemCalls(allowed), await systemCalls(denied)]
  const names = [...may].filter((name) => !mayNot.has(name))
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }],
  }
}

/** Returns the calls in sets such as `@system-service`, as defined by systemd. */
async function systemCalls(words: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (const word of words.split(' ').filter(Boolean)) {
    if (!word.startsWith('@')) {
      found.add(word)
      continue
    }
    const { stdout } = await run('systemd-analyze', ['syscall-filter', '--no-pager', word])
    const inside = stdout
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
    for (const one of inside.filter((line) => line !== '' && !line.startsWith('#')))
      for (const name of await systemCalls(one)) found.add(name)
  }
  return found
}
