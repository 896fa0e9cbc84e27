import { type DwhErrorCode, hasCredentials, isDwhError, secretsIn } from '@dwh/core'
import { SETTINGS } from '@dwh/warehouse'
import { CommanderError } from 'commander'
import pc from 'picocolors'
import { printableLines } from './lines.ts'

/** 0 done, 1 failed and nothing was published, 2 usage or configuration, 3 published with some tables kept from before, 4 another run was quicker, 5 the warehouse is not whole. */
export const EXIT = { done: 0, failed: 1, usage: 2, partial: 3, conflict: 4, damaged: 5 } as const

const EXIT_CODES: Partial<Record<DwhErrorCode, number>> = {
  CONFIG_INVALID: EXIT.usage,
  NAME_CONFLICT: EXIT.usage,
  CONFLICT: EXIT.conflict,
}

export interface ReportErrorOptions {
  readonly json: boolean
  /** Also where in the program it happened, and what caused it. */
  readonly debug: boolean
  /** Texts that must not be shown. */
  readonly secrets: readonly string[]
}

/** What is written to stderr about an error, and the exit code it ends with. */
export function reportError(error: unknown, options: ReportErrorOptions): { text: string; exitCode: number } {
  // commander has said what there is to say
  if (error instanceof CommanderError) return { text: '', exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage }
  const exitCode = isDwhError(error) ? (EXIT_CODES[error.code] ?? EXIT.failed) : EXIT.failed
  const text = options.json ? jsonText(error) : plainText(error)
  const trace = options.debug ? `${trail(error).join('\n')}\n` : ''
  return { text: redact(text + trace, options.secrets), exitCode }
}

function plainText(error: unknown): string {
  if (!isDwhError(error)) return `${pc.red('error:')} ${printableLines(messageOf(error))}\n`
  const hint = error.hint ? printableLines(error.hint).replace(/^/gm, '  ') : ''
  return `${pc.red('error:')} ${printableLines(error.message)}\n${hint && `${hint}\n`}`
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

/** Shorter ones are part of too many words to be hidden without a trace. */
const SHORTEST_SECRET = 4

export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The variables that are read, by us, the AWS SDK and libpq, mistyped ones too. Others may hold what looks like a
 * password and is none.
 */
const OURS = /^(DWH_|S3_|AWS_|PG[A-Z]|(HTTPS?|ALL)_PROXY$)/i

function isOurs(name: string): boolean {
  return OURS.test(name) || SETTINGS.some(({ variable }) => variable === name.toUpperCase())
}

/** The same, wherever it was given by mistake: in any variable of ours, and on the command line. */
export function secretsGiven(env: Variables, args: readonly string[]): string[] {
  const variables = Object.entries(env).flatMap(([name, value]) => (isOurs(name) && value ? [value] : []))
  const flags = args.map((argument) => argument.replace(/^--[\w-]+=/, ''))
  const whole = [env.PGPASSWORD, env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN].filter((text) => text !== undefined)
  return [...whole, ...[...variables, ...flags.filter(hasCredentials)].flatMap(secretsIn)]
}
