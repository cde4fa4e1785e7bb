import type { CommanderError } from 'commander'
import { EnvelopeError } from '../errors.ts'
import {
  CommandFailure,
  DONE,
  FAILED,
  StandardOutputFailure,
  UsageError,
  WRONG_USAGE,
  type ExitCode,
} from './failures.ts'
import { escaped } from './inspect/escape.ts'

/** What commander ends a call with: help, the version, or a flag that it does not know. */
export class WrongCall extends Error {
  override name = 'WrongCall'
  readonly error: CommanderError
  readonly command: string

  /** @param command the command that was called, as it is called: `waxseal encrypt`. */
  constructor(error: CommanderError, command: string) {
    super(error.message)
    this.error = error
    this.command = command
  }
}

/** How the program ends. */
export interface FailureReport {
  readonly exitCode: ExitCode
  /** For standard error, with its last newline; empty if all is said. */
  readonly text: string
}

/**
 * What to say of an error that ended a command.
 *
 * @param command the command that ran, for the hint at its help.
 */
export function reportOf(error: unknown, command: string): FailureReport {
  if (error instanceof WrongCall) return reportOfCall(error)
  if (error instanceof UsageError) {
    return { exitCode: WRONG_USAGE, text: said(`${error.message}${hint(command)}`) }
  }
  if (error instanceof StandardOutputFailure) return { exitCode: FAILED, text: '' }
  // The keys of a message stand below, a line each.
  if (EnvelopeError.is(error)) {
    const text = error.attempts ? printable(error.message) : oneLine(error.message)
    return { exitCode: FAILED, text: `waxseal: ${text}\n` }
  }
  if (error instanceof CommandFailure || isSystemError(error)) {
    return { exitCode: FAILED, text: said(messageOf(error)) }
  }
  if (isAwsError(error)) {
    return { exitCode: FAILED, text: said(`AWS: ${error.name}: ${messageOf(error)}`) }
  }
  // What nobody foresaw is a bug of our own, and the stack says where.
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { exitCode: FAILED, text: `waxseal: a bug in waxseal: ${printable(stack)}\n` }
}

/** Commander has printed the help and the version itself. */
function reportOfCall({ error, command }: WrongCall): FailureReport {
  if (error.exitCode === 0) return { exitCode: DONE, text: '' }
  if (error.code === 'commander.help') return { exitCode: WRONG_USAGE, text: '' }
  const message = error.message.replace(/^error: /, '')
  return { exitCode: WRONG_USAGE, text: said(`${message}${hint(command)}`) }
}

function hint(command: string): string {
  return `; see ${command} --help`
}

/** One failure, one line, so that it reads well in a log. */
function said(text: string): string {
  return `waxseal: ${oneLine(text)}\n`
}

function oneLine(text: string): string {
  return printable(text.trim().replace(/\s*\n\s*/g, ' '))
}

/** Names in messages and of files are whatever their author chose; a terminal is not to obey them. */
function printable(text: string): string {
  return text.split('\n').map(escaped).join('\n')
}

/** A file or a connection that the operating system refused. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && typeof error.syscall === 'string'
}

/** Errors of services have `$metadata`; those that say there are no credentials have `tryNextLink`. */
function isAwsError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    ('$metadata' in error || 'tryNextLink' in error || error.name === 'TimeoutError')
  )
}

/** Where several addresses were tried in vain, Node says nothing in the error that holds them. */
function messageOf(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message
  return error.errors.map((inner) => (inner instanceof Error ? inner.message : '')).join(', ')
}
