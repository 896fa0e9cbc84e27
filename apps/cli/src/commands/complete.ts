import { knownNames, loadConfig } from '@dwh/warehouse'
import { Argument, Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { type CommonFlags, openOptions } from './shared.ts'

/** How long a bucket may take to answer: somebody waits with a finger on the Tab key. */
const TIMEOUT_MS = 500

/**
 * Prints names for the completion of a shell, one a line; nothing if they cannot be read. The words are those that were
 * typed: they may name another storage.
 */
export function completeCommand(context: CommandContext): Command {
  return new Command('__complete')
    .addArgument(new Argument('<what>', 'names to print').choices(['tables', 'days']))
    .argument('[words...]', 'what was typed')
    .allowUnknownOption()
    .action(async (what: 'tables' | 'days', _words, _, command: Command) => {
      const { config, storage } = command.optsWithGlobals<CommonFlags>()
      const flags = { ...(config ? { config } : {}), ...(storage ? { storage } : {}) }
      const names = await loadConfig(flags, context)
        .then((loaded) => knownNames(loaded, what, { ...openOptions(context), timeoutMs: TIMEOUT_MS }))
        // an error would stand in the middle of what is being typed
        .catch(() => [])
      // a shell would split or expand others
      const plain = names.filter((name) => /^[\w.-]+$/.test(name))
      await context.stdout.write(plain.map((name) => `${name}\n`).join(''))
    })
}
