import { spawnSync } from 'node:child_process'
import { SUITES } from './list-suites.mjs'

function git(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync('git', ['-c', 'safe.directory=*', ...args], { cwd, encoding: 'utf8' })
  return { ok: status === 0, lines: stdout.split('\0').filter(Boolean), text: stdout.trim(), said: stderr.trim() }
}

/** Where this branch left main, or the `ref` that was named. */
function baseOf(cwd, ref) {
  for (const name of ref === undefined ? ['main', 'origin/main'] : [ref]) {
    const base = git(cwd, 'merge-base', 'HEAD', name)
    if (base.ok) return { name, commit: base.text }
  }
  throw new Error(`${ref ?? 'main'}: no commit in common with HEAD (name another: check:all --changed REF)`)
}

/**
 * The suites whose paths a change touches, each with the first file that does: what was committed since the base, what was not committed, and new files.
 * @returns the base, the number of files, and `{ suite, because }` for each
 */
export function changedSuites(cwd, ref) {
  const base = baseOf(cwd, ref)
  const changed = [
    // both names of a file that was moved
    ...git(cwd, 'diff', '--name-only', '--no-renames', '-z', base.commit).lines,
    ...git(cwd, 'ls-files', '--others', '--exclude-standard', '-z').lines,
  ]
  const touched = SUITES.flatMap((suite) => {
    const because = changed.find((file) => isAmong(file, suite.paths))
    return because === undefined ? [] : [{ suite, because }]
  })
  return { base, files: changed.length, touched }
}

/** A path that ends with a slash is a folder. What is prose changes no suite but one that names it. */
function isAmong(file, paths) {
  if (file.endsWith('.md'))
    return paths.some((path) => path === file || (path.startsWith('.') && file.startsWith(path)))
  return paths.some((path) => file === path || (path.endsWith('/') && file.startsWith(path)))
}
