import { Help } from 'commander'
import { WIDTH } from './layout.ts'
import { allCommands, type CommandOutline, type OptionOutline } from './outline.ts'
import type { Block, Topic } from './topics.ts'

const help = new Help()

/** A topic as a terminal shows it. */
export function topicPage(topic: Topic, program: CommandOutline): string {
  const blocks = topic.blocks.map(blockText)
  if (topic.flags !== undefined) {
    const rows = flagsOf(topic.flags, program).map(
      (option) => [flagTerm(option), flagMeaning(option)] as const,
    )
    blocks.push(`Flags:\n${blockText({ rows })}`)
  }
  return `${blocks.join('\n\n')}\n`
}

/** `-o, --output <file>`. */
export function flagTerm({ flags, value }: OptionOutline): string {
  return flags.join(', ') + (value ? ` ${value.shown}` : '')
}

/** The description, with the values that there are unless it names them itself. */
export function flagMeaning({ description, value }: OptionOutline): string {
  const missing = value?.choices.some((choice) => !description.includes(choice)) ?? false
  return missing ? `${description} (${value?.choices.join(', ') ?? ''})` : description
}

/** Flags of one group, each once, whichever commands have it; those for old keys are named as the others. */
function flagsOf(group: string, program: CommandOutline): readonly OptionOutline[] {
  const options = allCommands(program)
    .flatMap((command) => command.options)
    .filter((option) => option.group === group)
  return [...new Map(options.map((option) => [option.flags.at(-1), option])).values()]
}

function blockText(block: Block): string {
  if (typeof block === 'string') return help.boxWrap(block, WIDTH)
  if ('code' in block) return block.code.map((line) => `  ${line}`).join('\n')
  const width = Math.min(28, Math.max(...block.rows.map(([term]) => term.length)))
  return block.rows.map(([term, meaning]) => row(term, meaning, width)).join('\n')
}

function row(term: string, meaning: string, width: number): string {
  const indent = ' '.repeat(width + 4)
  const text = help.boxWrap(meaning, WIDTH - indent.length).replaceAll('\n', `\n${indent}`)
  return term.length > width ? `  ${term}\n${indent}${text}` : `  ${term.padEnd(width)}  ${text}`
}
