import { wrapWords } from '@dwh/warehouse'

/**
 * Fits a help text to `width` columns: fills its paragraphs, wraps the right column of its lists, and puts the comments
 * of its examples above them unless all fit beside them. Lines that fit stay as they are.
 */
export function fitHelp(text: string, width: number): string {
  const lines = text.split('\n')
  const fitted: string[] = []
  for (let at = 0; at < lines.length; ) {
    const kind = kindOf(lines[at] ?? '')
    const end = lines.findIndex((line, i) => i > at && kindOf(line) !== kind && !continues(kind, line))
    const block = lines.slice(at, end < 0 ? lines.length : end)
    fitted.push(...FIT[kind](block, width))
    at += block.length
  }
  return fitted.join('\n')
}

type Kind = 'blank' | 'heading' | 'prose' | 'examples' | 'items'

function kindOf(line: string): Kind {
  if (line.trim() === '') return 'blank'
  if (line.startsWith('  $ ')) return 'examples'
  if (line.startsWith(' ')) return 'items'
  return /^[A-Z][\w ]*:$/.test(line) ? 'heading' : 'prose'
}

/** The comment of a long example stands below it, far to the right. */
function continues(kind: Kind, line: string): boolean {
  return kind === 'examples' && /^ {6,}\S/.test(line)
}

const FIT: Readonly<Record<Kind, (block: readonly string[], width: number) => readonly string[]>> = {
  blank: (block) => block,
  heading: (block) => block,
  prose: (block, width) => wrapWords(block.join(' '), width),
  examples(block, width) {
    if (block.every((line) => line.length <= width)) return block
    const whole = block.join('\n').replaceAll(/\n {6,}/g, '    ')
    return whole.split('\n').flatMap((line) => {
      const [, command = '', comment = ''] = /^ {2}(\$ .*?)(?: {3,}(.*))?$/.exec(line) ?? []
      return comment === '' ? [`  ${command}`] : [...indented(`# ${comment}`, 2, width), `  ${command}`]
    })
  },
  items: (block, width) =>
    block.flatMap((line) => {
      const [, left, right] = /^( +\S.*? {2,})(\S.*)$/.exec(line) ?? []
      if (line.length <= width || left === undefined || right === undefined) return [line]
      const [first = '', ...rest] = wrapWords(right, width - left.length)
      return [left + first, ...rest.map((more) => ' '.repeat(left.length) + more)]
    }),
}

function indented(text: string, blanks: number, width: number): string[] {
  return wrapWords(text, width - blanks).map((line) => ' '.repeat(blanks) + line)
}
