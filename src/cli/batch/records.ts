import { type FileHandle, open } from 'node:fs/promises'
import { quote } from '../../client/file-errors.ts'
import { EnvelopeError } from '../../errors.ts'
import { CommandFailure, StandardOutputFailure } from '../failures.ts'
import { headerRecord, jsonLine } from '../inspect/record.ts'
import type { Job, JobResult } from './job.ts'

/** What became of a job. */
export type Outcome =
  | { readonly status: 'done' | 'skipped'; readonly result: JobResult }
  | { readonly status: 'failed'; readonly error: unknown }

/** One line of JSON of a job, with all bytes in base64. */
export function recordOf(
  operation: string,
  { input, output }: { readonly input: string; readonly output: string | undefined },
  outcome: Outcome,
  durationMs: number,
): string {
  const start = { operation, input, output, status: outcome.status }
  const duration = { durationMs: Math.round(durationMs) }
  if (outcome.status === 'failed') {
    return jsonLine({ ...start, ...duration, error: errorRecord(outcome.error) })
  }
  const { skipped, header, ...rest } = outcome.result
  return jsonLine({
    ...start,
    ...(header && { header: headerRecord(header) }),
    ...rest,
    ...duration,
    ...(skipped !== undefined && { reason: skipped }),
  })
}

export function inputName({ source }: Job): string {
  return source.kind === 'file' ? source.path : '-'
}

export function outputName({ target }: Job): string {
  return target.kind === 'file' ? target.path : '-'
}

function errorRecord(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const code: unknown = 'code' in error ? error.code : undefined
  const attempts: unknown =
    EnvelopeError.is(error) && 'attempts' in error ? error.attempts : undefined
  return {
    code: code ?? error.name,
    message: error.message,
    ...(Array.isArray(attempts) && { attempts: attempts.map(attemptRecord) }),
  }
}

/** The error that a keyring gave is no JSON. */
function attemptRecord(attempt: unknown): unknown {
  return Object.fromEntries(
    Object.entries(attempt as object).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Error ? value.message : withBase64(value),
    ]),
  )
}

function withBase64(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(withBase64)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withBase64(inner)]))
}

/** Waits for whoever reads the records. One who has read enough is no failure. */
export async function printRecord(stream: NodeJS.WritableStream, line: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(line, (error) => {
      if (error && !isClosedPipe(error)) reject(new StandardOutputFailure(error))
      else resolve()
    })
  })
}

function isClosedPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
}

export async function appendRecord(file: FileHandle, line: string): Promise<void> {
  try {
    await file.appendFile(line)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailure('ERR_OUTPUT', `records cannot be written: ${reason}`, error)
  }
}

/** The file of `--metadata`, opened before any work is done. */
export async function openMetadata(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailure('ERR_OUTPUT', `${quote(path)} cannot be written: ${reason}`, error)
  }
}
