import { allCommands, type CommandOutline, type OptionOutline } from './outline.ts'
import { flagMeaning, flagTerm } from './topic-page.ts'
import { topics, type Block } from './topics.ts'

/** The man page, in the macros of man(7): all commands with all flags, and the topics. */
export function manPage(program: CommandOutline, version: string): string {
  const commands = allCommands(program).slice(1)
  return lines([
    '.\\" Made from the commands themselves by tools/make-man.ts.',
    `.TH WAXSEAL 1 "" ${argument(`waxseal ${version}`)} "User Commands"`,
    '.SH NAME',
    'waxseal \\- envelope encryption, message\\-compatible with the AWS Encryption SDK',
    '.SH SYNOPSIS',
    ...commands
      .filter((command) => command.commands.length === 0)
      .flatMap(({ path, usage }) => [`.B ${escaped(path)}`, rest(usage, path), '.br']),
    '.SH DESCRIPTION',
    text(program.description),
    'Each command explains itself by',
    '.BR \\-\\-help .',
    '.SH COMMANDS',
    ...commands.flatMap(commandPart),
    ...topics.flatMap((topic) => [
      `.SH ${argument((titles[topic.name] ?? topic.name).toUpperCase())}`,
      ...topic.blocks.flatMap(blockPart),
    ]),
    '.SH EXAMPLES',
    ...allCommands(program).flatMap(examplesPart),
    '.SH SEE ALSO',
    '.BR aws (1),',
    '.BR openssl (1)',
  ])
}

/** What these are called in man pages. */
const titles: Readonly<Record<string, string>> = {
  'exit-codes': 'exit status',
  environment: 'environment and files',
}

function commandPart({ path, usage, description, options }: CommandOutline): readonly string[] {
  return [
    `.SS ${argument(path)}`,
    text(description),
    '.PP',
    `.B ${escaped(path)}`,
    rest(usage, path),
    ...options.flatMap(optionPart),
  ]
}

function optionPart(option: OptionOutline): readonly string[] {
  return term(flagTerm(option), flagMeaning(option))
}

function blockPart(block: Block): readonly string[] {
  if (typeof block === 'string') return ['.PP', text(block)]
  if ('rows' in block) return block.rows.flatMap(([name, meaning]) => term(name, meaning))
  return ['.PP', ...verbatim(block.code)]
}

/** The lines that are indented under a help's `Examples:`. */
function examplesPart({ textAfter }: CommandOutline): readonly string[] {
  const code = textAfter
    .split('\n')
    .filter((line) => /^ +\S*waxseal |^ +eval /.test(line))
    .map((line) => line.trim())
  return code.length === 0 ? [] : ['.PP', ...verbatim(code)]
}

function term(name: string, meaning: string): readonly string[] {
  return ['.TP', `.B ${escaped(name)}`, text(meaning)]
}

function verbatim(code: readonly string[]): readonly string[] {
  return ['.RS 4', '.nf', ...code.map(text), '.fi', '.RE']
}

function rest(usage: string, path: string): string {
  return text(usage.slice(path.length).trim())
}

/** A line of text; one that begins with a dot or an apostrophe would be a request. */
function text(line: string): string {
  return escaped(line).replace(/^(?=[.'])/, '\\&')
}

/** An argument of a macro that may have spaces. */
function argument(value: string): string {
  return `"${escaped(value).replaceAll('"', '\\(dq')}"`
}

/** Quotes of all kinds, hyphens and tildes stay what they are typed as; other signs than ASCII get their names. */
function escaped(value: string): string {
  const signs: Readonly<Record<string, string>> = {
    '\\': '\\e',
    '-': '\\-',
    "'": '\\(aq',
    '`': '\\(ga',
    '^': '\\(ha',
    '~': '\\(ti',
  }
  return value
    .replace(/[\\\-'`^~]/g, (sign) => signs[sign] ?? sign)
    .replace(/[^\n -~]/gu, (sign) => {
      const code = sign.codePointAt(0) ?? 0
      return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`
    })
}

function lines(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n') + '\n'
}
