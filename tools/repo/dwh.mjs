#!/usr/bin/env node
// `npx dwh` in a clone: the command line of this very checkout. Installs and builds first when that has not been done yet.
import { existsSync } from 'node:fs'
import { prepare } from './prepare.mjs'

if (!existsSync(new URL('../../apps/cli/dist/main.js', import.meta.url))) prepare()
await import('../../apps/cli/bin/dwh.js')
