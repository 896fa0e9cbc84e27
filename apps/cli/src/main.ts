import { randomBytes } from 'node:crypto'
import { homedir, tmpdir } from 'node:os'
import { argv, cwd, env, stderr, stdin, stdout } from 'node:process'
import { endRequests } from '@dwh/core'
import { getProxyForUrl } from 'proxy-from-env'
import { type CommandContext, output } from './command-context.ts'
import { reportError, secretsGiven } from './output/report-error.ts'
import { terminalSize } from './output/terminal-size.ts'
import { makeProgram } from './program.ts'

const controller = new AbortController()
const onSignal = endRequests({
  first: (name) => controller.abort(name),
  again: () => process.exit(1),
  now: () => performance.now(),
})
let interruptsLeft = 0
process.on('SIGTERM', onSignal)
process.on('SIGINT', (name) => {
  if (interruptsLeft === 0) onSignal(name)
})
// the reader of stderr may close it: not an error
stderr.on('error', () => {})

// the SDK is pinned: its warning that later versions need a newer Node does not concern the user
env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

const secrets = new Set<string>()

const context: CommandContext = {
  env,
  cwd: cwd(),
  home: homedir(),
  tmp: tmpdir(),
  proxyFor: getProxyForUrl,
  stdin,
  stdout: output(stdout, env),
  stderr,
  clock: () => new Date(),
  random: randomBytes,
  signal: controller.signal,
  leaveInterrupts: (until) => {
    interruptsLeft += 1
    const end = () => {
      interruptsLeft -= 1
    }
    until.then(end, end)
  },
  exitWith: (code) => {
    process.exitCode = code
  },
  hide: (texts) => {
    for (const text of texts) secrets.add(text)
  },
  hidden: () => [...secrets],
}

context.hide(secretsGiven(env, argv.slice(2)))
const program = makeProgram(context)
try {
  // SQL that begins with a comment is not an option
  await program.parseAsync(argv.map((argument) => (/^--\s/.test(argument) ? ` ${argument}` : argument)))
} catch (error) {
  const { json = false, debug = false } = program.opts<{ json?: boolean; debug?: boolean }>()
  const { text, exitCode } = reportError(error, {
    ...{ json, debug, secrets: context.hidden() },
    width: terminalSize(stderr, env)?.columns,
  })
  stderr.write(text)
  process.exitCode = exitCode
}
