import { defaultText, plain, settingMeaning } from './describe-setting.ts'
import type { Setting } from './setting.ts'

const WIDTH = 120

/** Formats settings for a help text, one variable a line: variable, key after `prefix`, meaning, default. */
export function settingsHelp(settings: readonly Setting[], prefix = ''): string {
  const rows = settings.flatMap((setting) =>
    setting.variable === undefined ? [] : [[setting.variable, setting.key.slice(prefix.length), meaning(setting)]],
  )
  const [variables, keys] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .flatMap(([variable = '', key = '', text = '']) => {
      const start = `  ${variable.padEnd(variables ?? 0)}  ${key.padEnd(keys ?? 0)}  `
      return wrapped(text, WIDTH - start.length).map((line, i) => (i === 0 ? start : ' '.repeat(start.length)) + line)
    })
    .join('\n')
}

function meaning(setting: Setting): string {
  const fallback = defaultText(setting)
  return plain(`${settingMeaning(setting)}${fallback === null ? '' : ` (${fallback})`}`)
}

/** Wraps text at spaces into lines of at most `width` characters. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines
}
