import { createRequire } from 'node:module'
import { Command, type CommanderError } from 'commander'
import { completionCommand } from './commands/completion.ts'
import { decryptCommand } from './commands/decrypt.ts'
import { doctorCommand } from './commands/doctor.ts'
import { encryptCommand } from './commands/encrypt.ts'
import { inspectCommand } from './commands/inspect.ts'
import { keysCommand } from './commands/keys.ts'
import { localKmsCommand } from './commands/local-kms.ts'
import { reencryptCommand } from './commands/reencrypt.ts'
import { WrongCall } from './failure-report.ts'
import { helpLayout } from './help/layout.ts'
import { helpCommand } from './help/help-command.ts'

const examples = `
To try it, without an AWS account:
  waxseal encrypt --local notes.txt -o notes.txt.encrypted
  waxseal decrypt --local notes.txt.encrypted
`

/** The tree of commands. It writes nothing and ends nothing by itself: what is wrong with a call is thrown. */
export function waxsealProgram(): Command {
  const program = new Command('waxseal')
    .usage('<command> [options]')
    .description('Envelope encryption, message-compatible with the AWS Encryption SDK.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this; after a command: what it takes')
    .helpCommand(false)
    .configureHelp(helpLayout)
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', examples)
  program.addCommand(encryptCommand())
  program.addCommand(decryptCommand())
  program.addCommand(inspectCommand())
  program.addCommand(reencryptCommand())
  program.addCommand(keysCommand())
  program.addCommand(doctorCommand())
  program.addCommand(localKmsCommand())
  program.addCommand(completionCommand(() => program))
  program.addCommand(helpCommand(program))
  settle(program)
  return program
}

/** What all commands share; `addCommand` leaves each as it was made. */
function settle(command: Command): void {
  command.exitOverride((error: CommanderError) => {
    throw new WrongCall(error, pathOf(command))
  })
  for (const child of command.commands) {
    child.copyInheritedSettings(command).helpOption('-h, --help', 'print this')
    settle(child)
  }
}

/** A command with those above it, as it is called: `waxseal keys create`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** By the package's own name, which leads to its package.json from the sources and from the built bin alike. */
function version(): string {
  const load = createRequire(import.meta.url)
  return (load('waxseal/package.json') as { version: string }).version
}
