import { type Described, uniqueFlags } from './described.ts'

/** https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html */
export function bashScript(commands: readonly Described[]): string {
  const flags = commands.map(({ name, flags, words, lookedUp }) => {
    const [first, then] = lookedUp
    const look = `${first ? ` look=${first}` : ''}${then ? ` then=${then}` : ''}`
    return `    ${name}) words='${[...flags.flatMap(({ names }) => names), ...words].join(' ')}'${look} ;;`
  })
  const all = uniqueFlags(commands)
  const values = all.flatMap(({ names, values, lookedUp }) => {
    if (values === null) return []
    if (lookedUp !== null) return [`    ${names.join('|')}) words='' look=${lookedUp} ;;`]
    // if any value is allowed, bash completes file names
    return [`    ${names.join('|')}) ${values.length > 0 ? `words='${values.join(' ')}' look=''` : 'return'} ;;`]
  })
  const withValue = all.flatMap(({ names, values }) => (values === null ? [] : names))
  const many = all.flatMap(({ names, lookedUp, many }) =>
    many && lookedUp !== null ? [`    ${names.join('|')}) look=${lookedUp} ;;`] : [],
  )
  return `_dwh() {
  local current=\${COMP_WORDS[COMP_CWORD]} command words look='' then='' flag='' given=0 i
  command=\${COMP_WORDS[1]}
  COMPREPLY=()
  words='${commands.map(({ name }) => name).join(' ')} --help --version'
  if [ "$COMP_CWORD" -gt 1 ]; then
    case $command in
${flags.join('\n')}
    *) return ;;
    esac
    for ((i = 2; i < COMP_CWORD; i++)); do
      case \${COMP_WORDS[i]} in
      -*) flag=\${COMP_WORDS[i]} ;;
      *) case \${COMP_WORDS[i-1]} in ${withValue.join('|')}) ;; *) given=$((given + 1)) ;; esac ;;
      esac
    done
    if [ -n "$then" ] && [ "$given" -gt 0 ]; then look=$then; fi
    case $flag in
${many.join('\n')}
    esac
    case \${COMP_WORDS[COMP_CWORD-1]} in
${values.join('\n')}
    esac
  fi
  case $current in -*) look='' ;; esac
  if [ -n "$look" ]; then
    words="$words $("\${COMP_WORDS[0]}" __complete "$look" "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _dwh dwh
`
}
