import type { Setting } from './setting.ts'

/** Describes a setting for editors, in a sentence or two: meaning, variable, default. */
export function describeSetting(setting: Setting): string {
  const { description, variable, awsVariable, holds } = setting
  const from = variable ?? awsVariable
  const fallback = defaultText(setting)
  const sentences = [
    plain(capitalized(description)),
    ...(from === undefined ? [] : [holds === 'secret' ? `Better in ${from}` : from]),
    ...(fallback === null ? [] : [`Default: ${plain(fallback)}`]),
  ]
  return sentences.map((sentence) => `${sentence}.`).join(' ')
}

/** Describes a setting for documentation and help texts: meaning and allowed values. */
export function settingMeaning({ description, choices = [] }: Setting): string {
  return choices.length === 0 ? description : `${description}: ${choices.map((choice) => `\`${choice}\``).join(', ')}`
}

/** Default of a setting as text, values in backticks; null if there is nothing to say. */
export function defaultText({ default: value, otherwise }: Setting): string | null {
  return value === undefined ? (otherwise ?? null) : `\`${value}\``
}

/** Removes backticks. */
export function plain(text: string): string {
  return text.replaceAll('`', '')
}

/** Capitalizes a leading letter; a leading backtick stays. */
function capitalized(text: string): string {
  return text.replace(/^[a-z]/, (first) => first.toUpperCase())
}
