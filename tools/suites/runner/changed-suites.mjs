import { spawnSync } from 'node:child_process'
import { SUITES } from './list-suites.mjs'

function git(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync('git', ['-c', 'safe.directory=*', ...args], { cwd, encoding: 'utf8' })
  return { ok: status === 0, lines: stdout.split('\0').filter(Boolean), text: stdout.trim(), said: stderr.trim() }
}

/** Returns the commit where this branch left main, or `ref` if given. */
function baseOf(cwd, ref) {
  for (const name of ref === undefined ? ['main', 'origin/main'] : [ref]) {
    const base = git(cwd, 'merge-base', 'HEAD', name)
    if (base.ok) return { name, commit: base.text }
  }
  throw new Error(`${ref ?? 'main'}: no commit in common with HEAD (try another ref: check:all --changed REF)`)
}

/**
 * Returns the suites whose paths a change touches, each with the first such file. A change is what was committed since
 * the base, what is uncommitted, and new files.
 * @returns the base, the number of files, and `{ suite, because }` for each
 */
export function changedSuites(cwd, ref) {
  const base = baseOf(cwd, ref)
  const changed = [
    // both names of a renamed file
    ...git(cwd, 'diff', '--name-only', '--no-renames', '-z', base.commit).lines,
    ...git(cwd, 'ls-files', '--others', '--exclude-standard', '-z').lines,
  ]
  const touched = SUITES.flatMap((suite) => {
    const because = changed.find((file) => isAmong(file, suite.paths))
    return because === undefined ? [] : [{ suite, because }]
  })
  return { base, files: changed.length, touched }
}

/** A path that ends with a slash is a folder. A page (`.md`) counts only if a suite lists it by its path. */
function isAmong(file, paths) {
  if (file.endsWith('.md'))
    return paths.some((path) => path === file || (path.startsWith('.') && file.startsWith(path)))
  return paths.some((path) => file === path || (path.endsWith('/') && file.startsWith(path)))
}
