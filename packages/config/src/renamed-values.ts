import type { BaseIssue } from 'valibot'

/** The new names of renamed values of settings, by their old names: docs/upgrading.md. */
const RENAMED: Readonly<Record<string, string>> = { deep: 'hash', 'or-null': 'nullify' }

/** Returns what to do about a value that was renamed; null for any other value. */
export function renamedHint({ input, message }: BaseIssue<unknown>): string | null {
  const name = typeof input === 'string' && Object.hasOwn(RENAMED, input) ? RENAMED[input] : undefined
  return name !== undefined && message.includes(name) ? `Write ${name}: ${input} is called ${name} now.` : null
}
