import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** The settings of a strict project: the types of what it installs are checked, too. Its output is in a folder named after `resolution`. */
export function tsconfig(resolution: 'nodenext' | 'bundler'): string {
  const compilerOptions = {
    target: 'es2023',
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    skipLibCheck: false,
    rootDir: 'src',
    outDir: resolution,
  }
  return JSON.stringify({ compilerOptions, include: ['src'] }, null, 2)
}

/** As root, the demo's Postgres has its files elsewhere. */
export async function removeDemoServer(folder: string): Promise<void> {
  const name = `dwh-demo-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`
  await rm(join('/var/tmp', name), { recursive: true, force: true })
}
