import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Each row: the current word, and a pattern of the retired words in code, settings, fields, metrics and prose. */
const RETIRED: readonly (readonly [now: string, before: RegExp])[] = [
  ['extraction method', /\b[Dd]oors?\b|\b(Chosen|Open)Door|\bopenDoors|choose-door/],
  ['profile (of a table)', /\b[Ss]urvey\w*|\bTableSurvey|\bSurveyWishes/],
  ['proof level hash', /level: 'deep'|`deep`|verify: deep\b/],
  ['maintenance', /[Uu]pkeep/],
  ['retained', /\bKeptFile|\bkeptKey|KEPT_(PREFIX|FOR_MS)|\bkeepReplaced/],
  ['orphan', /[Ll]eftover/],
  ['fencing token', /\bepoch\b(?! FROM)|\bfenced?\b(?! block)/],
  ['recover', /\breadSettledState|\bsettles? (what|an)\b/],
  ['package, CommandContext, Environment', /\b(Connection|Rude)(Room|World)\b|\bsystemRoom|[Ss]urroundings|\bWorld\b/],
  ['trustedText', /\bcanonical(Text|-text)\b|\bcanonical: true/],
  [
    'allowedTypes, inferred, minimumType',
    /column\.choices|\.atLeast\b|\batLeast(Element|\?: ColumnType)|\bopen columns?\b/,
  ],
  ['nullify', /or-null/],
  ['lossy conversions', /\b[Ff]idelity\b(?! of)/],
  ['job outcomes', /result: '(refused|late|busy|done)'|outcome="(refused|late|busy|done)"/],
  ['crash, chaos, conformance', /same-everywhere|\b[Rr]ude\b|tools\/(faults|rude|commit-model)\b/],
  ['a guarantee, a polite reader', /careful guest/],
  ['position (of a snapshot)', /\blsn: (null|string|snapshot)|info\.lsn\b/],
  ['bulk text, DuckDB reader', /\breadCopy\b(?!Range)|\bCopyData\b|\bnativeExtension\b/],
  ['in progress', /\bunder way\b/],
  ['entry point', /\b[Ff]ront[ -]door\b/],
  ['still showing the previous version', /[Kk]ept from before|kept_from_before/],
]

/** Files that may contain retired words: history, old formats, and lists of what was renamed. */
const MAY_NAME_THEM = [
  /(^|\/)CHANGELOG\.md$/,
  /^\.changeset\//,
  /\/fixtures\//,
  /^docs\/upgrading\.md$/,
  /^docs\/decisions\//,
  /\/old-formats\.ts$/,
  /\/(parse-state|upgrade|retired-words|renamed-values)(\.test)?\.ts$/,
  /^pnpm-lock\.yaml$/,
  /package-lock\.json$/,
]

const TEXT = /\.(ts|mjs|cjs|md|json|ya?ml|sql|py|sh|toml|css|html|service|timer)$|(^|\/)(Dockerfile|[a-z-]+)$/

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
  .split('\0')
  .filter((file) => TEXT.test(file) && !MAY_NAME_THEM.some((pattern) => pattern.test(file)))

/** Returns `path:line: text` of every matching line. Ignores files that another test just removed. */
function linesWith(pattern: RegExp): string[] {
  return files.flatMap((file) => {
    if (pattern.test(file)) return [`${file}: its name`]
    let text: string
    try {
      text = readFileSync(join(root, file), 'utf8')
    } catch {
      return []
    }
    if (!pattern.test(text)) return []
    return text
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : []))
  })
}

test('the list of files is not empty', () => {
  expect(files.length).toBeGreaterThan(500)
})

test.each(RETIRED)('%s: no file has the words that it replaces', (_, before) => {
  expect(linesWith(before)).toEqual([])
})
