import type { Setting } from './setting.ts'

/** A sentence or two for editors: what it is, its variable, its default. */
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

/** A phrase for pages and helps: what it is, and the values that it takes. */
export function settingMeaning({ description, choices = [] }: Setting): string {
  return choices.length === 0 ? description : `${description}: ${choices.map((choice) => `\`${choice}\``).join(', ')}`
}

/** What it is where nothing says it; null where there is nothing to say. A value stands in backticks. */
export function defaultText({ default: value, otherwise }: Setting): string | null {
  return value === undefined ? (otherwise ?? null) : `\`${value}\``
}

/** Without backticks. */
export function plain(text: string): string {
  return text.replaceAll('`', '')
}

/** Code stays as it is. */
function capitalized(text: string): string {
  return text.replace(/^[a-z]/, (first) => first.toUpperCase())
}
