import { type DwhErrorCode, hasCredentials, isDwhError, secretsIn } from '@dwh/core'
import { SETTINGS, wrapWords } from '@dwh/warehouse'
import { CommanderError } from 'commander'
import pc from 'picocolors'
import { printableLines } from './lines.ts'

/**
 * 0 success, 1 failed and nothing was published, 2 wrong usage or configuration, 3 published, but some tables still
 * show the previous version, 4 another run is in progress or published first, 5 `dwh verify` found problems.
 */
export const EXIT = { done: 0, failed: 1, usage: 2, partial: 3, conflict: 4, damaged: 5 } as const

const EXIT_CODES: Partial<Record<DwhErrorCode, number>> = {
  CONFIG_INVALID: EXIT.usage,
  NAME_CONFLICT: EXIT.usage,
  CONFLICT: EXIT.conflict,
}

export interface ReportErrorOptions {
  readonly json: boolean
  /** Add the stack trace and the causes. */
  readonly debug: boolean
  /** Texts to hide, such as passwords. */
  readonly secrets: readonly string[]
  /** Columns of the terminal; undefined if the text goes elsewhere. */
  readonly width?: number | undefined
}

/** Returns the text about an error for stderr, and the exit code of the program. */
export function reportError(error: unknown, options: ReportErrorOptions): { text: string; exitCode: number } {
  // --help and --version, which are no errors, come here too
  if (error instanceof CommanderError) return { text: '', exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage }
  const exitCode = isDwhError(error) ? (EXIT_CODES[error.code] ?? EXIT.failed) : EXIT.failed
  const text = options.json ? jsonText(error) : plainText(error, options.width)
  const trace = options.debug ? `${trail(error).join('\n')}\n` : ''
  return { text: redact(text + trace, options.secrets), exitCode }
}

function plainText(error: unknown, width: number | undefined): string {
  const message = fitted(`error: ${messageOf(error)}`, width).replace(/^error:/, pc.red('error:'))
  const hint = isDwhError(error) && error.hint ? error.hint.split('\n') : []
  return `${message}\n${hint.map((line) => `  ${fitted(line, width)}\n`).join('')}`
}

/** Makes a text safe to print, and wraps each line to a terminal. */
function fitted(text: string, width: number | undefined): string {
  const lines = printableLines(text).split('\n')
  return lines.map((line) => (width === undefined ? line : wrapWords(line, width - 2).join('\n  '))).join('\n')
}

function jsonText(error: unknown): string {
  const fields = isDwhError(error)
    ? { code: error.code, message: error.message, hint: error.hint ?? null, context: error.context }
    : { code: 'UNEXPECTED', message: messageOf(error), hint: null, context: {} }
  return `${JSON.stringify({ error: fields })}\n`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function trail(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [error.stack ?? error.message, ...trail(error.cause)]
}

/** Hiding shorter texts would hide parts of ordinary words. */
const SHORTEST_SECRET = 4

export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Variables that dwh, the AWS SDK and libpq read, and misspelled ones. Other variables may hold text that looks like
 * a password but is not.
 */
const OURS = /^(DWH_|S3_|AWS_|PG[A-Z]|(HTTPS?|ALL)_PROXY$)/i

function isOurs(name: string): boolean {
  return OURS.test(name) || SETTINGS.some(({ variable }) => variable === name.toUpperCase())
}

/** Finds the secrets in our variables and on the command line, even where they were given by mistake. */
export function secretsGiven(env: Variables, args: readonly string[]): string[] {
  const variables = Object.entries(env).flatMap(([name, value]) => (isOurs(name) && value ? [value] : []))
  const flags = args.map((argument) => argument.replace(/^--[\w-]+=/, ''))
  const whole = [env.PGPASSWORD, env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN].filter((text) => text !== undefined)
  return [...whole, ...[...variables, ...flags.filter(hasCredentials)].flatMap(secretsIn)]
}
