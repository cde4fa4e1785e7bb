/* What ends a command, and with what exit code. */

/** All that was asked for is done. */
export const DONE = 0
/** Something failed: an operation, or one of several files. */
export const FAILED = 1
/** The command was called wrongly; nothing was done. */
export const WRONG_USAGE = 2

export type ExitCode = typeof DONE | typeof FAILED | typeof WRONG_USAGE

/** Sets the exit code at the end of a command. One that a failing standard output has set already stays. */
export function endWith(code: ExitCode): void {
  process.exitCode = Math.max(code, Number(process.exitCode ?? DONE))
}

/** The command was called wrongly: a flag, a combination of flags, or the configuration file. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/**
 * What fails on the command line alone, such as input that is not base64. All else that fails is an `EnvelopeError`, or
 * an error of the AWS SDK.
 */
export class CommandFailure extends Error {
  override name = 'CommandFailure'
  /** For records: what an `EnvelopeError` has as its `code`. */
  readonly code: 'ERR_INPUT' | 'ERR_OUTPUT'

  constructor(code: CommandFailure['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** Standard output failed. The program says so where it listens to it, or nothing if the reader had enough. */
export class StandardOutputFailure extends CommandFailure {
  constructor(cause: Error) {
    super('ERR_OUTPUT', `standard output cannot be written: ${cause.message}`, cause)
  }
}
