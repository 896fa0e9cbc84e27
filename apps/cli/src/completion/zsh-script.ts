import type { Described, Flag } from './described.ts'

/** https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
export function zshScript(commands: readonly Described[]): string {
  const quoted = (text: string) => text.replaceAll("'", "'\\''")
  const inSpec = (text: string) => quoted(text).replaceAll(/[[\]:\\]/g, '\\$&')
  const specs = (flag: Flag) =>
    flag.names.map((name) => {
      return `'${name}[${inSpec(flag.description)}]${valueSpec(flag)}'`
    })
  const cases = commands.map(({ name, flags, words, lookedUp }) => {
    return `    ${name}) _arguments ${[...flags.flatMap(specs), ...argumentSpecs(words, lookedUp)].join(' \\\n      ')} ;;`
  })
  return `#compdef dwh
_dwh_look() {
  compadd -- \${(f)"$($program __complete $1 \${words[1,CURRENT-1]} 2>/dev/null)"}
}
_dwh() {
  local program=$words[1]
  local -a commands
  commands=(
${commands.map(({ name, description }) => `    '${name}:${inSpec(description)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT -= 1 ))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _dwh ]; then _dwh "$@"; else compdef _dwh dwh; fi
`
}

function argumentSpecs(words: Described['words'], lookedUp: Described['lookedUp']): string[] {
  if (words.length > 0) return [`'*:argument:(${words.join(' ')})'`]
  if (lookedUp.length === 0) return [`'*:argument:_files'`]
  return lookedUp.map((look, i) => `'${i === lookedUp.length - 1 ? '*' : i + 1}:argument: _dwh_look ${look}'`)
}

function valueSpec({ values, lookedUp, many }: Flag): string {
  if (values === null) return ''
  if (lookedUp !== null) return `:${many ? '*-*:' : ''}value: _dwh_look ${lookedUp}`
  return values.length > 0 ? `:value:(${values.join(' ')})` : ':value:_files'
}
