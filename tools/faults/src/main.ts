import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startTestServer } from '@dwh/test-kit/server'
import { buildChild } from './build-child.ts'
import { SCENARIOS, type ScenarioOptions } from './scenarios.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, count: { type: 'string' }, from: { type: 'string' } },
})
const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS)
const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))

// said once for each process, whatever it does
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
const folder = await mkdtemp(join(tmpdir(), 'dwh-faults-server-'))
// Postgres runs as somebody else
await chmod(folder, 0o755)
const server = await startTestServer({ folder })
const program = await buildChild()
try {
  const options: ScenarioOptions = {
    postgresUrl: server.url(),
    program: program.path,
    seed: number(values.seed ?? process.env.FAULTS_SEED),
    count: number(values.count ?? process.env.FAULTS_COUNT),
    from: number(values.from),
    note: (line) => process.stderr.write(`${line}\n`),
  }
  for (const name of names) {
    const scenario = SCENARIOS[name]
    if (!scenario) throw new Error(`no scenario ${name}: ${Object.keys(SCENARIOS).join(', ')}`)
    const startedAt = Date.now()
    const { text, broken } = await scenario(options)
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    process.stdout.write(`\n== ${name}: ${broken === 0 ? 'holds' : `${broken} BROKEN`}, ${seconds} s\n${text}`)
    if (broken > 0) process.exitCode = 1
  }
} finally {
  await program.remove()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}
