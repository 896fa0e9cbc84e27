import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What was typed, from one session to the next. */
export interface HistoryFile {
  /** The newest first. */
  read(): Promise<string[]>
  add(line: string): Promise<void>
}

const LINES = 1_000

/** One line after the other, for this user only. Best effort: a history that cannot be written is no reason not to answer. */
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
