// `node tools/suites/protocol-model/bytes.mjs [SCENARIO [FLAW...]]`: explores the model of immutable bytes. See README.md.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const main = fileURLToPath(new URL('src/bytes/main.ts', import.meta.url))
const options = { entryPoints: [main], bundle: true, write: false, platform: 'node', format: 'esm', target: 'node20' }
const [program] = (await build(options)).outputFiles
await import(`data:text/javascript;base64,${Buffer.from(program.contents).toString('base64')}`)
