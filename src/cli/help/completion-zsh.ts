import { completionTables, longFlagsOf, nameOf, patterns, quoted } from './completion-tables.ts'
import type { CommandOutline } from './outline.ts'

/** The script for zsh, to be evaluated after `compinit`, or as the file `_waxseal` in a folder of `fpath`. */
export function zshCompletion(program: CommandOutline): string {
  const { commands, below, valued, files, chosen } = completionTables(program)
  return `#compdef waxseal
# Completion of waxseal for zsh: eval "$(waxseal completion zsh)"
_waxseal() {
  local at=waxseal flag='' ended='' word i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n $flag ]]; then
      flag=''
    elif [[ -z $ended ]]; then
      case "$at $word" in
        ${patterns(below)}) at="$at $word" ;;
        *' --') ended=yes ;;
        ${patterns(valued)}) flag="$word" ;;
      esac
    fi
  done
  word="\${words[CURRENT]}"
  if [[ -z $flag && -z $ended && "$word" == --*=* ]]; then
    flag="\${word%%=*}"
    compset -P '*='
  fi
  if [[ -n $flag ]]; then
    case "$at $flag" in
      ${patterns(files)}) _files ;;
${chosen
  .map(({ names, choices }) => `      ${patterns(names)}) compadd -- ${list(choices)} ;;\n`)
  .join('')}    esac
  elif [[ "$word" == -* && -z $ended ]]; then
    case "$at" in
${commands
  .map((command) => `      ${quoted(command.path)}) offered=(${described(command)}) ;;\n`)
  .join('')}    esac
    _describe -o flag offered
  else
    case "$at" in
${commands.map((command) => `      ${quoted(command.path)}) ${operands(command)} ;;\n`).join('')}    esac
  fi
}
if [[ "\${funcstack[1]}" == _waxseal ]]; then
  _waxseal "$@"
else
  compdef _waxseal waxseal
fi
`
}

function operands(command: CommandOutline): string {
  if (command.arguments.some(({ file }) => file)) return '_files'
  const choices = command.arguments.flatMap((argument) => argument.choices)
  if (choices.length > 0) return `compadd -- ${list(choices)}`
  const names = command.commands.map((child) => item(nameOf(child), child.summary))
  return names.length === 0 ? '' : `offered=(${names.join(' ')}); _describe command offered`
}

function described(command: CommandOutline): string {
  return longFlagsOf(command)
    .map(({ flag, description }) => item(flag, description))
    .join(' ')
}

/** A word with what is shown beside it; the first colon parts the two. */
function item(word: string, description: string): string {
  return quoted(`${word.replaceAll(':', '\\:')}:${description}`)
}

function list(values: readonly string[]): string {
  return values.map(quoted).join(' ')
}
