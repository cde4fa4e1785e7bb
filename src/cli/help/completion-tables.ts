import { allCommands, type CommandOutline, type ValueOutline } from './outline.ts'

/** What the scripts of all shells look up. */
export interface CompletionTables {
  readonly commands: readonly CommandOutline[]
  /** The paths of all commands but the program itself: `waxseal keys create`. */
  readonly below: readonly string[]
  /** Flags that take a value, each after the path of its command: `waxseal encrypt --suite`. */
  readonly valued: readonly string[]
  /** Those of them whose value is a file or a folder. */
  readonly files: readonly string[]
  /** Those of them with few values. */
  readonly chosen: readonly {
    readonly names: readonly string[]
    readonly choices: readonly string[]
  }[]
}

export function completionTables(program: CommandOutline): CompletionTables {
  const commands = allCommands(program)
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) =>
      value ? [{ value, names: flags.map((flag) => `${path} ${flag}`) }] : [],
    ),
  )
  const namesOf = (kept: (value: ValueOutline) => boolean) =>
    valued.filter(({ value }) => kept(value)).flatMap(({ names }) => names)
  return {
    commands,
    below: commands.slice(1).map(({ path }) => path),
    valued: namesOf(() => true),
    files: namesOf(({ file }) => file),
    chosen: valued.flatMap(({ names, value: { choices } }) =>
      choices.length === 0 ? [] : [{ names, choices }],
    ),
  }
}

/** Short flags are left out: they are typed as fast as they are completed. */
export function longFlagsOf(
  command: CommandOutline,
): readonly { flag: string; description: string }[] {
  return command.options.flatMap(({ flags, description }) =>
    flags.filter((flag) => flag.startsWith('--')).map((flag) => ({ flag, description })),
  )
}

/** The last word of a path. */
export function nameOf({ path }: CommandOutline): string {
  return path.slice(path.lastIndexOf(' ') + 1)
}

/** A word for bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** Alternatives of `case` for bash and zsh; of an empty list, what nothing matches. */
export function patterns(list: readonly string[]): string {
  return list.length === 0 ? "''" : list.map(quoted).join('|')
}
