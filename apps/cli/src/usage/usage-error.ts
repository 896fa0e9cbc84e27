import { DwhError, hasCredentials, holdsSecret, looksLikeKey, own } from '@dwh/core'
import type { Command, CommanderError } from 'commander'
import { COMMANDS, OPTIONS, OPTIONS_OF, surplusHint } from './wrong-turns.ts'

/**
 * Turns what commander says about wrong usage into an error with a hint: the name that was meant, or what the command
 * is called here. Null if it is no error: the help or the version was printed.
 */
export function usageError(error: CommanderError, command: Command): DwhError | null {
  if (error.exitCode === 0 || error.code === 'commander.help') return null
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const meant = suggestion?.replace(/^\((.*)\)$/, '$1')
  const hint = hintFor(error.code, first, command) ?? meant
  const name = command.parent ? `dwh ${command.name()}` : 'dwh'
  return new DwhError('CONFIG_INVALID', `${name}: ${first}`, {
    hint: [...(hint ? [hint] : []), `See ${name} --help.`].join('\n'),
  })
}

function hintFor(code: string, message: string, command: Command): string | null {
  const [, word = ''] = /'([^']*)'/.exec(message) ?? []
  if (code === 'commander.unknownCommand') return own(COMMANDS, word.toLowerCase()) ?? null
  if (code === 'commander.unknownOption') {
    const flag = word.replace(/=.*$/s, '')
    return own(OPTIONS_OF[command.name()] ?? {}, flag) ?? own(OPTIONS, flag) ?? null
  }
  if (code !== 'commander.excessArguments') return null
  const surplus = command.args.slice(command.registeredArguments.length)
  const secret = surplus.some((text) => hasCredentials(text) || holdsSecret(text) || looksLikeKey(text))
  return surplusHint(command.name(), secret ? null : surplus)
}
