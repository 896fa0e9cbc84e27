import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Settings of a strict project, which also checks the types of its dependencies. Its output goes to a folder named
 * after `resolution`.
 */
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

/** If run by root, the demo's Postgres has its files elsewhere. */
export async function removeDemoServer(folder: string): Promise<void> {
  const name = `dwh-demo-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`
  await rm(join('/var/tmp', name), { recursive: true, force: true })
}
