import { createWriteStream } from 'node:fs'
import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EnvelopeError, InvalidArgumentError } from '../errors.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { MessageHeader } from '../format/header.ts'
import { DecryptStream } from './decrypt-stream.ts'
import { EncryptStream } from './encrypt-stream.ts'
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
  /** Bytes of the source. */
  bytesRead: number
  /** Bytes of the destination. */
  bytesWritten: number
}

const readLength = 1 << 20
/** A ciphertext may be read by whom the umask lets; a plaintext by its owner only. */
const ciphertextMode = 0o666
const plaintextMode = 0o600

/** Encrypts a file. The materials are asked for its size, so it must not change meanwhile. */
export async function encryptFile(
  client: ClientConfiguration,
  source: string,
  destination: string,
  request: EncryptRequest,
  options: FileOptions,
): Promise<FileResult> {
  // The length is known, so a bound that the caller gave is ignored (client-apis/encrypt.md, "Input").
  const start = (size: number): Transform =>
    new EncryptStream(client, { ...request, plaintextLength: size })
  return transformFile(client, source, destination, start, ciphertextMode, options)
}

/** Decrypts a file. */
export async function decryptFile(
  client: ClientConfiguration,
  source: string,
  destination: string,
  request: DecryptRequest,
  options: FileOptions,
): Promise<FileResult> {
  const start = (): Transform => new DecryptStream(client, request)
  return transformFile(client, source, destination, start, plaintextMode, options)
}

async function transformFile(
  client: ClientConfiguration,
  source: string,
  destination: string,
  start: (size: number) => Transform,
  mode: number,
  { onProgress, overwrite = false }: FileOptions,
): Promise<FileResult> {
  checkPath(source, 'source')
  checkPath(destination, 'destination')
  const replacedMode = await checkDestination(destination, overwrite)
  const input = await openSource(source)
  try {
    const bytesTotal = (await input.stat()).size
    let opened: Pick<FileResult, 'header' | 'encryptionContext'> | undefined
    const bytesWritten = await writeWhole(
      client,
      destination,
      overwrite,
      replacedMode,
      mode,
      async (output) => {
        const transform = start(bytesTotal)
        transform.once('header', (header: MessageHeader, encryptionContext: EncryptionContext) => {
          opened = { header, encryptionContext: { ...encryptionContext } }
        })
        let bytesDone = 0
        const read = async function* (): AsyncGenerator<Uint8Array> {
          for (;;) {
            const { buffer, bytesRead } = await input.read(Buffer.allocUnsafeSlow(readLength))
            if (bytesDone + bytesRead > bytesTotal || (bytesRead === 0 && bytesDone < bytesTotal)) {
              throw fileError(`source ${quote(source)} changed while it was read`)
            }
            if (bytesRead === 0) break
            yield buffer.subarray(0, bytesRead)
            bytesDone += bytesRead
            report(onProgress, { bytesDone, bytesTotal })
          }
          if (bytesTotal === 0) report(onProgress, { bytesDone, bytesTotal })
        }
        // By the number: a stream on the FileHandle itself would keep it from being closed.
        const write = createWriteStream('', {
          fd: output.fd,
          autoClose: false,
          highWaterMark: readLength,
        })
        await pipeline(read, transform, write)
      },
    )
    if (!opened) throw fileError(`source ${quote(source)} gave no header`)
    return { ...opened, bytesRead: bytesTotal, bytesWritten }
  } catch (error) {
    if (EnvelopeError.is(error) || !isSystemError(error)) throw error
    const doing =
      error.syscall === 'read' ? `reading ${quote(source)}` : `writing ${quote(destination)}`
    throw fileError(`An error of the file system came while ${doing}: ${error.message}`, error)
  } finally {
    await input.close()
  }
}

/**
 * Lets `write` fill a temporary file beside the destination and then gives it the destination's name,
 * in one step of the file system. On any failure the temporary file is removed.
 */
async function writeWhole(
  client: ClientConfiguration,
  destination: string,
  overwrite: boolean,
  replacedMode: number | undefined,
  mode: number,
  write: (output: FileHandle) => Promise<void>,
): Promise<number> {
  const random = Buffer.from(client.backend.randomBytes(6)).toString('hex')
  const temporary = join(dirname(destination), `.${random}.waxseal-partial`)
  const output = await open(temporary, 'wx', mode)
  try {
    let bytesWritten: number
    try {
      if (replacedMode !== undefined) await output.chmod(replacedMode)
      await write(output)
      await output.sync()
      bytesWritten = (await output.stat()).size
    } finally {
      await output.close()
    }
    if (overwrite) await rename(temporary, destination)
    else await renameToNew(temporary, destination)
    return bytesWritten
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
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

/** A rename that never replaces anything: `link` fails if the name is taken, even since the check. */
async function renameToNew(temporary: string, destination: string): Promise<void> {
  try {
    await link(temporary, destination)
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') throw exists(destination)
    // A file system without hard links: check once more, as close to the rename as can be.
    await checkDestination(destination, false)
    await rename(temporary, destination)
    return
  }
  await unlink(temporary)
}

async function openSource(source: string): Promise<FileHandle> {
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

/** Refuses a destination that must not be replaced; returns the permissions of one that will be. */
async function checkDestination(
  destination: string,
  overwrite: boolean,
): Promise<number | undefined> {
  const stats = await stat(destination).catch(() => undefined)
  if (!stats) return undefined
  if (!stats.isFile()) {
    const what = stats.isDirectory() ? 'a directory' : 'not a regular file'
    throw fileError(`destination ${quote(destination)} is ${what}; give the path of a file`)
  }
  if (!overwrite) throw exists(destination)
  return stats.mode & 0o777
}

function checkPath(path: unknown, field: string): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return
  throw new InvalidArgumentError(field, `${field} must be the path of a file, as a string`)
}

function exists(destination: string): EnvelopeError {
  return new EnvelopeError(
    'ERR_FILE_EXISTS',
    `destination ${quote(destination)} exists; set overwrite to replace it, or choose another name`,
  )
}

function fileError(message: string, cause?: unknown): EnvelopeError {
  return new EnvelopeError('ERR_FILE', message, cause === undefined ? {} : { cause })
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

function quote(path: string): string {
  return JSON.stringify(path)
}
