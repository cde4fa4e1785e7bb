import { type Argument, type Command, Help, type HelpConfiguration, type Option } from 'commander'

/** What a terminal has at least. */
export const WIDTH = 80
/** A flag that is longer pushes its own description aside, and not those of all the others. */
const widestTerm = 30

/** What a command with two sets of keys has no room for; a topic lists them. */
const leftOut: Readonly<Record<string, readonly string[]>> = {
  reencrypt: ['--require-context', '--region', '--verbose'],
}

/**
 * How help is laid out: a command's help has to fit a screen, so that flags which are rarely needed are left to the
 * topics of `waxseal help`, and to the man page.
 */
export const helpLayout: HelpConfiguration = {
  helpWidth: WIDTH,
  // As wide on a terminal as in a pipe: what is tested is what is seen.
  prepareContext() {
    this.helpWidth = WIDTH
  },
  visibleOptions(command: Command) {
    const left = leftOut[command.name()] ?? []
    const options = plain.visibleOptions(command).filter(({ long }) => !left.includes(long ?? ''))
    // Who reads the help of a command has found --help.
    return command.parent ? options.filter(({ long }) => long !== '--help') : options
  },
  subcommandTerm: (command: Command) => command.name(),
  subcommandDescription: (command: Command) => command.summary() || command.description(),
  argumentDescription: (argument: Argument) => argument.description,
  optionDescription: (option: Option) => option.description,
  padWidth(command: Command, helper: Help) {
    return Math.min(widestTerm, plain.padWidth(command, helper))
  },
  formatItem(term: string, termWidth: number, description: string, helper: Help) {
    const indent = ' '.repeat(termWidth + 4)
    const start = `  ${term.padEnd(termWidth)}  `
    const lines = helper.boxWrap(description, WIDTH - indent.length).split('\n')
    if (start.length + (lines[0]?.length ?? 0) <= WIDTH) return start + lines.join(`\n${indent}`)
    return `${start.trimEnd()}\n${indent}${lines.join(`\n${indent}`)}`
  },
}

const plain = new Help()
