import type { BaseIssue } from 'valibot'

/** The present names of renamed values of settings, by their old names: docs/upgrading.md. */
const RENAMED: Readonly<Record<string, string>> = { deep: 'hash', 'or-null': 'nullify' }

/** What to do about a value that has another name now; null for any other. */
export function renamedHint({ input, message }: BaseIssue<unknown>): string | null {
  const name = typeof input === 'string' && Object.hasOwn(RENAMED, input) ? RENAMED[input] : undefined
  return name !== undefined && message.includes(name) ? `Write ${name}: ${input} is called ${name} now.` : null
}
