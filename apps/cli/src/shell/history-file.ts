import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** History of typed lines, shared by all sessions. */
export interface HistoryFile {
  /** Returns the lines, newest first. */
  read(): Promise<string[]>
  add(line: string): Promise<void>
}

const LINES = 1_000

/** Keeps one entry a line, readable by this user only. Best effort: a failed write does not stop the session. */
export function historyFile(path: string): HistoryFile {
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch(() => '')
      const lines = text.split('\n').filter((line) => line !== '')
      if (lines.length > 2 * LINES) await shorten(path, lines.slice(-LINES)).catch(() => {})
      return lines.slice(-LINES).reverse()
    },
    async add(line) {
      if (line.trim() === '') return
      try {
        await mkdir(dirname(path), { recursive: true })
        // two sessions may write at once: appending keeps both
        await appendFile(path, `${line}\n`, { mode: 0o600 })
      } catch {
        // see above
      }
    },
  }
}

async function shorten(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(`${path}.new`, `${lines.join('\n')}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
