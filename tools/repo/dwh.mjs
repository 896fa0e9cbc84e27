#!/usr/bin/env node
// Runs the command line of this checkout, as `npx dwh` in a clone. Installs and builds first if needed.
import { existsSync } from 'node:fs'
import { prepare } from './prepare.mjs'

if (!existsSync(new URL('../../apps/cli/dist/main.js', import.meta.url))) prepare()
await import('../../apps/cli/bin/dwh.js')
