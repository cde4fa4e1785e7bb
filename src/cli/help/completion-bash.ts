import { completionTables, longFlagsOf, nameOf, patterns, quoted } from './completion-tables.ts'
import type { CommandOutline } from './outline.ts'

/**
 * The script for bash, 3.2 and later. It calls no program: what it needs to know is in it.
 *
 * Where files are expected it answers nothing, and readline completes them itself, because only readline quotes names
 * with spaces rightly; where none are, it turns that off.
 */
export function bashCompletion(program: CommandOutline): string {
  const { commands, below, valued, files, chosen } = completionTables(program)
  return `# Completion of waxseal for bash: eval "$(waxseal completion bash)"
_waxseal() {
  local at=waxseal current="\${COMP_WORDS[COMP_CWORD]}" flag='' ended='' offered='' word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n $flag ]]; then
      [[ $word == = ]] || flag='' # --flag=value is three words
    elif [[ -z $ended ]]; then
      case "$at $word" in
        ${patterns(below)}) at="$at $word" ;;
        *' --') ended=yes ;;
        ${patterns(valued)}) flag="$word" ;;
      esac
    fi
  done
  if [[ -n $flag ]]; then
    [[ $current == = ]] && current=''
    case "$at $flag" in
      ${patterns(files)}) return ;;
${chosen
  .map(({ names, choices }) => `      ${patterns(names)}) offered=${words(choices)} ;;\n`)
  .join('')}    esac
  elif [[ $current == -* && -z $ended ]]; then
    case "$at" in
${commands
  .map(
    (command) =>
      `      ${quoted(command.path)}) offered=${words(longFlagsOf(command).map(({ flag }) => flag))} ;;\n`,
  )
  .join('')}    esac
  else
    case "$at" in
${commands.map((command) => `      ${quoted(command.path)}) ${operands(command)} ;;\n`).join('')}    esac
  fi
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
  [[ \${#COMPREPLY[@]} -gt 0 ]] || compopt +o default 2> /dev/null
}
complete -o default -F _waxseal waxseal
`
}

/** What may stand after a command that is no flag. */
function operands(command: CommandOutline): string {
  const names = command.commands.map(nameOf)
  const choices = command.arguments.flatMap((argument) => argument.choices)
  if (command.arguments.some(({ file }) => file)) return 'return'
  return `offered=${words([...names, ...choices])}`
}

function words(list: readonly string[]): string {
  return quoted(list.join(' '))
}
