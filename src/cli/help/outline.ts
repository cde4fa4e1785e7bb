import type { Argument, Command, Option } from 'commander'

/*
 * Commander's tree as plain data: what completion, the man page and the topics of help are made of, so that none of
 * them can miss a flag.
 */

export interface ValueOutline {
  /** As it stands in help: `<file>`, `[number]`. */
  readonly shown: string
  /** The few values that there are, if they are few. */
  readonly choices: readonly string[]
  /** Whether it names a file or a folder. */
  readonly file: boolean
}

export interface OptionOutline {
  /** `-o` and `--output`. */
  readonly flags: readonly string[]
  readonly value: ValueOutline | undefined
  readonly description: string
  /** The heading that it stands under, such as `Keys`. */
  readonly group: string
}

export interface CommandOutline {
  /** As it is called: `waxseal keys create`. */
  readonly path: string
  readonly usage: string
  readonly summary: string
  readonly description: string
  readonly arguments: readonly ValueOutline[]
  readonly options: readonly OptionOutline[]
  readonly commands: readonly CommandOutline[]
  /** What follows the flags in its help, examples above all. */
  readonly textAfter: string
}

/** @param above the path of the command that this one is in. */
export function outlineOf(command: Command, above = ''): CommandOutline {
  const path = `${above} ${command.name()}`.trim()
  return {
    path,
    usage: `${path} ${command.usage()}`,
    summary: command.summary() || command.description(),
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      shown: shownArgument(argument),
      choices: argument.argChoices ?? [],
      file: !argument.argChoices && namesFile(argument.name()),
    })),
    options: [...command.options.map(optionOutline), helpFlag],
    commands: command.commands.map((child) => outlineOf(child, path)),
    textAfter: textAfter(command),
  }
}

/** A command and all below it. */
export function allCommands(command: CommandOutline): readonly CommandOutline[] {
  return [command, ...command.commands.flatMap(allCommands)]
}

/** Commander keeps its own help flag apart from the others. */
const helpFlag: OptionOutline = {
  flags: ['-h', '--help'],
  value: undefined,
  description: 'print what the command takes',
  group: 'Options',
}

function optionOutline(option: Option): OptionOutline {
  const shown = /[<[].*[\]>]$/.exec(option.flags)?.[0]
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    value:
      shown === undefined
        ? undefined
        : { shown, choices: option.argChoices ?? [], file: namesFile(shown) },
    description: option.description,
    group: (option.helpGroupHeading ?? 'Options').replace(/:$/, ''),
  }
}

function shownArgument(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? '...' : '')
  return argument.required ? `<${name}>` : `[${name}]`
}

function namesFile(name: string): boolean {
  return /file|folder|input|output|message/i.test(name)
}

/** Commander gives texts that were added to a help only with the whole of it. */
function textAfter(command: Command): string {
  let text = ''
  const output = command.configureOutput()
  command.configureOutput({
    writeOut: (piece) => {
      text += piece
    },
  })
  command.outputHelp()
  command.configureOutput(output)
  return text.slice(command.helpInformation().length).trim()
}
