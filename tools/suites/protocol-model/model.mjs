// `node tools/suites/protocol-model/model.mjs [FLAW...]`: explores the model of the commit protocol. See README.md.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const main = fileURLToPath(new URL('src/model/main.ts', import.meta.url))
const options = { entryPoints: [main], bundle: true, write: false, platform: 'node', format: 'esm', target: 'node20' }
const [program] = (await build(options)).outputFiles
await import(`data:text/javascript;base64,${Buffer.from(program.contents).toString('base64')}`)
