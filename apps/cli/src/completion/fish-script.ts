import type { Described } from './described.ts'

/** https://fishshell.com/docs/current/completions.html */
export function fishScript(commands: readonly Described[]): string {
  const quoted = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`
  const lines = commands.flatMap(({ name, description, flags, words, lookedUp }) => {
    const when = `-n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c dwh -f -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
      ...(words.length > 0 ? [`complete -c dwh -f ${when} -a ${quoted(words.join(' '))}`] : []),
      ...lookedUp.map((look, i) => {
        const counted = lookedUp.length === 1 ? '' : `; and test (__dwh_given) -${i === 0 ? 'eq' : 'ge'} ${i}`
        const here = `-n '__fish_seen_subcommand_from ${name}${counted}'`
        return `complete -c dwh -f ${here} -a ${quoted(`(__dwh_look ${look})`)}`
      }),
      ...flags.map(({ names, description, values, lookedUp }) => {
        const spelled = names.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
        const offered = lookedUp === null ? values?.join(' ') : `(__dwh_look ${lookedUp})`
        const value = values === null ? '' : offered ? ` -x -a ${quoted(offered)}` : ' -r'
        return `complete -c dwh ${when} ${spelled.join(' ')}${value} -d ${quoted(description)}`
      }),
    ]
  })
  return `function __dwh_look
  set -l words (commandline -opc)
  $words[1] __complete $argv[1] $words[2..] 2>/dev/null
end
function __dwh_given
  set -l words (commandline -opc)
  math (count (string match -v -- '-*' $words)) - 2
end
${lines.join('\n')}
`
}
