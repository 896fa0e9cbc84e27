import { defaultText, SETTINGS, type Setting, settingMeaning } from '@dwh/config'

const MARKED = /(<!-- settings of `([^`]*)`[^\n]*-->\n\n)(?:(?!<!-- )[\s\S])*?\n*<!-- \/settings -->/g

/** Replaces each table of settings between markers with the current one. `page` is a path below `docs/`. */
export function withSettings(page: string, text: string): string {
  return text.replace(
    MARKED,
    (_, begin, section) => `${begin}${settingsTable(prefixOf(section), page)}\n\n<!-- /settings -->`,
  )
}

/** Returns the keys of the settings in the tables of a page. */
export function keysOn(text: string): string[] {
  return [...text.matchAll(MARKED)].flatMap(([, , section = '']) => settingsOf(prefixOf(section)).map(({ key }) => key))
}

/** `dwh.yaml`, `s3`, or `tables.*` */
function prefixOf(section: string): string {
  return section === 'dwh.yaml' ? '' : `${section}.`
}

function settingsOf(prefix: string): Setting[] {
  return SETTINGS.filter(({ key, kind }) =>
    prefix === '' ? !key.includes('.') : key.startsWith(prefix) && kind !== 'section',
  )
}

function settingsTable(prefix: string, page: string): string {
  const code = (text: string | undefined) => (text === undefined ? '' : `\`${text}\``)
  const rows = settingsOf(prefix).map((setting) => [
    code(setting.key.slice(prefix.length)),
    [setting.variable, setting.awsVariable].filter(Boolean).map(code).join(', '),
    setting.flag ? `${code(`--${setting.flag.name}`)}${forCommands(setting.flag.commands)}` : '',
    defaultText(setting) ?? '',
    `${settingMeaning(setting)}${setting.page ? ` ([more](${link(setting.page, page)}))` : ''}`,
  ])
  const table = [[prefix === '' ? '`dwh.yaml`' : 'key', 'variable', 'flag', 'default', 'meaning'], ...rows]
  const used = table[0]?.map((_, column) => rows.some((row) => row[column] !== '')) ?? []
  return aligned(table.map((row) => row.filter((_, column) => used[column])))
}

function forCommands(commands: readonly string[] | undefined): string {
  return commands === undefined ? '' : ` (${commands.join(', ')})`
}

function link(target: string, page: string): string {
  return target.startsWith(`${page}#`) ? target.slice(page.length) : target
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const [header = [], ...body] = rows
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}
