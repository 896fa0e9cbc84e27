import { readFile } from 'node:fs/promises'
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import type { Packed } from './pack.ts'

/** Returns the errors, warnings and suggestions of `publint` for a tarball. */
export async function publintProblems({ path, manifest }: Packed): Promise<string[]> {
  const bytes = await readFile(path)
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  const { messages } = await publint({ pack: { tarball: tarball as ArrayBuffer }, strict: true })
  return messages.map((message) => formatMessage(message, { ...manifest }, { color: false }) ?? message.code)
}

/**
 * Resolutions that the packages do not support: they are ES modules with `exports`, for a Node whose `require` loads
 * those. This is the profile `esm-only` of Are The Types Wrong.
 */
const NOT_SERVED = ['node10', 'node16-cjs']

/** Returns the problems that Are The Types Wrong finds in a tarball; null if it has no types, as a program. */
export async function typesProblems({ path }: Packed): Promise<string[] | null> {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(path))))
  if (result.types === false) return null
  return result.problems.filter((problem) => !NOT_SERVED.includes(resolutionOf(problem))).map(describe)
}

function resolutionOf(problem: Problem): string {
  return 'resolutionKind' in problem ? problem.resolutionKind : ''
}

function describe(problem: Problem): string {
  const place = 'entrypoint' in problem ? problem.entrypoint : ''
  return [problem.kind, place, resolutionOf(problem)].filter(Boolean).join(' ')
}
