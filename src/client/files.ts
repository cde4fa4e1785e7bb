import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EnvelopeError, InvalidArgumentError, type WrapFailure } from '../errors.ts'
import type { MessageHeader } from '../format/header.ts'
import { DecryptStream } from './decrypt-stream.ts'
import { EncryptStream } from './encrypt-stream.ts'
import { fileError, isSystemError, quote } from './file-errors.ts'
import { checkDestination, pieceLength, writeWhole, writerTo } from './file-output.ts'
import type { HeaderListener } from './message-stream.ts'
import type {
  ClientConfiguration,
  DecryptRequest,
  EncryptRequest,
  FileOptions,
  FileProgress,
} from './options.ts'

/** What an operation on a file returns. */
export interface FileResult {
  header: MessageHeader
  /** All the authenticated pairs: those in the message and those that are not stored. */
  encryptionContext: Record<string, string>
  /** Of an encryption: the keyrings that have not wrapped the data key (see `EncryptResult`). */
  wrapFailures: readonly WrapFailure[]
  /** Bytes of the source. */
  bytesRead: number
  /** Bytes of the destination. */
  bytesWritten: number
}

type Opened = Pick<FileResult, 'header' | 'encryptionContext' | 'wrapFailures'>

interface Operation {
  readonly client: ClientConfiguration
  readonly source: string
  readonly destination: string
  readonly options: FileOptions
  /** The permissions of a file that is new. */
  readonly mode: number
  /** Makes the stream between the two files, given the source's size. */
  readonly transform: (size: number) => Transform
}

/** Encrypts a file. The materials are asked for its size, so it must not change meanwhile. */
export async function encryptFile(
  client: ClientConfiguration,
  source: string,
  destination: string,
  request: EncryptRequest,
  options: FileOptions,
): Promise<FileResult> {
  // The length is known, so a bound that the caller gave is ignored (client-apis/encrypt.md, "Input").
  const transform = (size: number): Transform =>
    new EncryptStream(client, { ...request, plaintextLength: size })
  const mode = 0o666 // less the umask: whom it lets may read a ciphertext
  return runOnFile({ client, source, destination, options, mode, transform })
}

/** Decrypts a file. */
export async function decryptFile(
  client: ClientConfiguration,
  source: string,
  destination: string,
  request: DecryptRequest,
  options: FileOptions,
): Promise<FileResult> {
  const transform = (): Transform => new DecryptStream(client, request)
  const mode = 0o600 // a plaintext is its owner's only
  return runOnFile({ client, source, destination, options, mode, transform })
}

async function runOnFile(operation: Operation): Promise<FileResult> {
  const { source, destination, options, mode } = operation
  checkPath(source, 'source')
  checkPath(destination, 'destination')
  try {
    const checked = await checkDestination(destination, options.overwrite ?? false, mode)
    const input = await openSource(source)
    try {
      const bytesRead = (await input.stat()).size
      let opened: Opened | undefined
      const random = operation.client.backend.randomBytes(6)
      const bytesWritten = await writeWhole(checked, random, async (output) => {
        opened = await pump(input, bytesRead, output, operation)
      })
      if (!opened) throw fileError(`source ${quote(source)} gave no header`)
      return { ...opened, bytesRead, bytesWritten }
    } finally {
      await input.close()
    }
  } catch (error) {
    if (EnvelopeError.is(error) || !isSystemError(error)) throw error
    const reading = error.syscall === 'read'
    const doing = reading ? `reading ${quote(source)}` : `writing ${quote(destination)}`
    throw fileError(`An error of the file system came while ${doing}: ${error.message}`, error)
  }
}

async function pump(
  input: FileHandle,
  size: number,
  output: FileHandle,
  { source, options, transform: makeTransform }: Operation,
): Promise<Opened | undefined> {
  let opened: Opened | undefined
  // Not before the pipeline: until that listens, an abort would be an error that nobody handles.
  const transform = makeTransform(size)
  const listener: HeaderListener = (header, encryptionContext, wrapFailures = []) => {
    opened = { header, encryptionContext: { ...encryptionContext }, wrapFailures }
  }
  transform.once('header', listener)
  await pipeline(readAll(input, size, source, options), transform, writerTo(output))
  return opened
}

async function* readAll(
  input: FileHandle,
  bytesTotal: number,
  source: string,
  { onProgress }: FileOptions,
): AsyncGenerator<Uint8Array> {
  for (let bytesDone = 0; ;) {
    const { buffer, bytesRead } = await input.read(Buffer.allocUnsafeSlow(pieceLength))
    if (bytesDone + bytesRead > bytesTotal || (bytesRead === 0 && bytesDone < bytesTotal)) {
      throw fileError(`source ${quote(source)} changed while it was read`)
    }
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead)
    bytesDone += bytesRead
    if (bytesRead > 0 || bytesTotal === 0) report(onProgress, { bytesDone, bytesTotal })
    if (bytesRead === 0) return
  }
}

/** Calls the caller's function, which may throw anything, such as an AbortSignal's reason. */
function report(onProgress: FileOptions['onProgress'], progress: FileProgress): void {
  try {
    onProgress?.(progress)
  } catch (cause) {
    throw cause instanceof Error ? cause : fileError('onProgress threw what is no error', cause)
  }
}

/** Opens a regular file for reading; anything else is refused. */
export async function openSource(source: string): Promise<FileHandle> {
  try {
    // Before opening: that would wait for a writer if it is a FIFO.
    const stats = await stat(source)
    if (stats.isFile()) return await open(source, 'r')
    const what = stats.isDirectory() ? 'a directory' : 'not a regular file'
    throw fileError(`source ${quote(source)} is ${what}; give the path of a file`)
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw fileError(`source ${quote(source)} cannot be opened: ${error.message}`, error)
  }
}

export function checkPath(path: unknown, field: string): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return
  throw new InvalidArgumentError(field, `${field} must be the path of a file, as a string`)
}
