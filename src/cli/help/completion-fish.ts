import { completionTables, nameOf } from './completion-tables.ts'
import type { CommandOutline, OptionOutline } from './outline.ts'

/** The script for fish, to be put into its folder of completions. */
export function fishCompletion(program: CommandOutline): string {
  const { commands, below, valued } = completionTables(program)
  return `# Completion of waxseal for fish: waxseal completion fish > ~/.config/fish/completions/waxseal.fish
function __waxseal_at
    set -l at waxseal
    set -l flag
    for word in (commandline -opc)[2..-1]
        if test -n "$flag"
            set flag
            continue
        end
        switch "$at $word"
            case ${list(below)}
                set at "$at $word"
            case ${list(valued)}
                set flag $word
        end
    end
    test "$at" = "$argv"
end
complete -c waxseal -f
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf(command: CommandOutline): readonly string[] {
  const start = `complete -c waxseal -n ${quoted(`__waxseal_at ${command.path}`)}`
  const operands = command.arguments.map(({ file, choices }) =>
    file ? `${start} -F` : `${start} -a ${quoted(choices.join(' '))}`,
  )
  return [
    ...command.commands.map((child) => `${start} -a ${nameOf(child)} -d ${quoted(child.summary)}`),
    ...operands,
    ...command.options.map((option) => `${start} ${flagOf(option)}`),
  ]
}

function flagOf({ flags, value, description }: OptionOutline): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  )
  return [...names, ...takes(value), `-d ${quoted(description)}`].join(' ')
}

function takes(value: OptionOutline['value']): readonly string[] {
  if (value === undefined) return []
  if (value.file) return ['-r', '-F']
  return value.choices.length === 0 ? ['-x'] : ['-x', `-a ${quoted(value.choices.join(' '))}`]
}

function list(values: readonly string[]): string {
  return values.map(quoted).join(' ')
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
