#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { EnvelopeError } from '../errors.ts'
import { localKmsCommand } from './commands/local-kms.ts'

/* The bin `waxseal`. It exits with 0, with 1 when something failed, with 2 when it was called wrongly. */

const FAILED = 1
const WRONG_USAGE = 2

const program = new Command('waxseal')
  .description('Envelope encryption, message-compatible with the AWS Encryption SDK.')
  .helpCommand(false)
  .configureOutput({ outputError: (text) => complain(text.replace(/^error: /, '')) })
  .exitOverride()

program.addCommand(localKmsCommand().copyInheritedSettings(program))

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

/** Commander has said itself what was wrong with the call. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE
  // What this library explains needs no stack; what it does not is a bug of its own.
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (EnvelopeError.is(error)) complain(error.message)
  else process.stderr.write(`${stack}\n`)
  return FAILED
}

/** One failure, one line, so that it reads well in a log. */
function complain(text: string): void {
  process.stderr.write(`waxseal: ${text.trim().replace(/\s*\n\s*/g, ' ')}\n`)
}
