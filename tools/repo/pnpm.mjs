// Runs pnpm of the version that package.json pins, for scripts of this workspace: with Node and npm alone, and without anybody's telemetry.
import { install, runPnpm } from './prepare.mjs'

install()
runPnpm(process.argv.slice(2), { output: true })
