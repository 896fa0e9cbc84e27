// Runs the pnpm version that package.json pins, for scripts of this workspace. Needs only Node and npm; telemetry is
// off.
import { install, runPnpm } from './prepare.mjs'

install()
runPnpm(process.argv.slice(2), { output: true })
