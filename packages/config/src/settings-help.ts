import { defaultText, plain, settingMeaning } from './describe-setting.ts'
import type { Setting } from './setting.ts'

export interface SettingsHelpOptions {
  /** Beginning of the keys, which is not repeated. Default: none. */
  readonly prefix?: string
  /** Maximum length of a line. Default 80, the width of a terminal. */
  readonly width?: number
}

/** Formats settings for a help text: variable, key after the prefix, default; on further lines what it means. */
export function settingsHelp(
  settings: readonly Setting[],
  { prefix = '', width = 80 }: SettingsHelpOptions = {},
): string {
  return settings
    .flatMap((setting) => {
      const { variable, key } = setting
      if (variable === undefined) return []
      const fallback = defaultText(setting)
      const facts = [
        ...(key === '' ? [] : [key.slice(prefix.length)]),
        ...(fallback === null ? [] : [`default: ${plain(fallback)}`]),
      ]
      const title = facts.length === 0 ? variable : `${variable}  (${facts.join('; ')})`
      return [...wrapped(title, width, '  ', '    '), ...wrapped(plain(settingMeaning(setting)), width, '      ')]
    })
    .join('\n')
}

/** Wraps text between words into lines of at most `width` characters, the blanks in front included. */
function wrapped(text: string, width: number, first: string, rest: string = first): string[] {
  const lines: string[] = []
  for (const word of text.split(/(?<=\S) (?=\S)/)) {
    const line = lines.at(-1)
    if (line === undefined) lines.push(first + word)
    else if (line.length + 1 + word.length > width) lines.push(rest + word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines
}
