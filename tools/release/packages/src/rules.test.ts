import { describe, expect, test } from 'vitest'
import { type Contents, problemsOf } from './rules.ts'

const SURROUNDINGS = { license: 'MIT', versions: new Map([['@dwh/core', '0.1.0']]), root: '/home/builder/dwh/' }

const map = (sources: string[], sourcesContent: (string | null)[]) => JSON.stringify({ sources, sourcesContent })

const GOOD: Contents = {
  manifest: {
    name: '@dwh/good',
    version: '0.1.0',
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    bin: { good: 'bin/good.js' },
    dependencies: { '@dwh/core': '0.1.0', pg: '8.23.1', '@types/pg': '8.23.1' },
    peerDependencies: { vitest: '>=3' },
    scripts: { build: 'tsup' },
  },
  files: new Map([
    ['package.json', '{}'],
    ['README.md', '# Good'],
    ['LICENSE', 'MIT'],
    ['bin/good.js', "#!/usr/bin/env node\nimport '../dist/index.js'\n"],
    ['dist/index.js', "import pg from 'pg';\nimport { open } from 'node:fs';\n//# sourceMappingURL=index.js.map\n"],
    ['dist/index.js.map', map(['../src/index.ts'], ['export {}'])],
    ['dist/index.d.ts', "import { Client } from 'pg';\n"],
  ]),
}

function changed(manifest: object, files: Readonly<Record<string, string | null>> = {}): Contents {
  const all = new Map<string, string>(GOOD.files)
  for (const [path, text] of Object.entries(files)) {
    if (text === null) all.delete(path)
    else all.set(path, text)
  }
  return { manifest: { ...GOOD.manifest, ...manifest }, files: all }
}

test('a complete package: no problems', () => {
  expect(problemsOf(GOOD, SURROUNDINGS)).toEqual([])
})

describe('an incomplete or wrong package: the problem', () => {
  const cases: [string, Contents, string][] = [
    ['a test in it', changed({}, { 'dist/index.test.js': '' }), 'dist/index.test.js must not be in it'],
    ['a setting in it', changed({}, { 'tsconfig.json': '{}' }), 'tsconfig.json must not be in it'],
    ['its sources', changed({}, { 'src/index.ts': '' }), 'src/index.ts must not be in it'],
    ['no README', changed({}, { 'README.md': null }), 'no README.md'],
    ['another licence', changed({}, { LICENSE: 'GPL' }), 'its LICENSE is not that of the repository'],
    ['no types', changed({}, { 'dist/index.d.ts': null }), './dist/index.d.ts is named, but missing'],
    ['a program without its first line', changed({}, { 'bin/good.js': 'import 1' }), 'bin/good.js cannot be started'],
    ['an install script', changed({ scripts: { postinstall: 'node x' } }), 'script postinstall'],
    ['a range', changed({ dependencies: { pg: '^8.0.0' } }), 'pg@^8.0.0 is not an exact version'],
    ['a workspace version', changed({ dependencies: { '@dwh/core': 'workspace:*' } }), 'is not an exact version'],
    ['a name of the catalogue', changed({ dependencies: { pg: 'catalog:' } }), 'pg@catalog: is not an exact version'],
    [
      'another version of ours',
      changed({ dependencies: { '@dwh/core': '0.0.9' } }),
      'the version published with it is 0.1.0',
    ],
    [
      'a private package of ours',
      changed({ dependencies: { '@dwh/seed': '0.1.0' } }),
      'the version published with it is none',
    ],
    [
      'an import that is not a dependency',
      changed({}, { 'dist/index.d.ts': "import { S3 } from '@aws-sdk/client-s3';" }),
      'dist/index.d.ts imports @aws-sdk/client-s3, which is not installed with it',
    ],
    [
      'types from a package without types',
      changed({ dependencies: { pg: '8.23.1' } }),
      'dist/index.d.ts uses types of pg, but @types/pg is not installed with it',
    ],
    ['no source map', changed({}, { 'dist/index.js.map': null }), 'dist/index.js has no source map'],
    [
      'a map without the source',
      changed({}, { 'dist/index.js.map': map(['../src/index.ts'], [null]) }),
      'dist/index.js.map has no text of ../src/index.ts',
    ],
    ['a path of the machine', changed({}, { 'dist/index.d.ts': '// /home/builder/dwh/x' }), 'names /home/builder/dwh/'],
  ]
  test.each(cases)('%s', (_, contents, problem) => {
    expect(problemsOf(contents, SURROUNDINGS).join('\n')).toContain(problem)
  })
})
