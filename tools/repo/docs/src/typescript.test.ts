import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { listPages, ROOT } from './pages.ts'

/** Names that an example may use without declaring them. */
const GIVEN = `
declare const client: import('@dwh/extract-postgres').PgClient
declare const store: import('@dwh/core').ObjectStore
declare function myStore(): import('@dwh/core').ObjectStore
`

test.each(
  listPages().flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language, note }) => language === 'ts' && note !== '')
      .map(({ note, line, text }) => [`${path}:${line}`, note, text] as const),
  ),
)('%s is %s', (_, file, text) => {
  expect(`${text}\n`).toBe(readFileSync(join(ROOT, file), 'utf8'))
})

test('every TypeScript example: compiles with the current packages', () => {
  const folder = mkdtempSync(join(ROOT, 'tools/repo/docs/.examples-'))
  try {
    const origin = new Map<string, string>()
    for (const { path, blocks } of listPages()) {
      for (const { language, note, line, text } of blocks) {
        // a block that names a file is a copy of it; the file is compiled with the project
        if (language !== 'ts' || note !== '') continue
        const file = join(folder, `${path.replaceAll(/\W/g, '-')}-${line}.ts`)
        const declared = GIVEN.split('\n').filter(
          (row) => !new RegExp(`const ${/(?:const|function) (\w+)/.exec(row)?.[1]}\\b`).test(text),
        )
        writeFileSync(file, `${text}\n${declared.join('\n')}\nexport {}\n`)
        origin.set(file, `${path}:${line}`)
      }
    }
    expect(origin.size).toBeGreaterThan(5)
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
    // examples are fragments, so the strictest rules for files do not apply
    const program = ts.createProgram([...origin.keys()], {
      ...options,
      isolatedDeclarations: false,
      declaration: false,
      skipLibCheck: true,
    })
    const found = ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file && origin.has(file.fileName))
      .map(({ file, start = 0, messageText }) => {
        const row = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
        return `${origin.get(file?.fileName ?? '')} +${row}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      })
    expect(found).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
