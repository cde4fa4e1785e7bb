import { type FileHandle, open } from 'node:fs/promises'
import { reasonOf } from '../../errors.ts'
import { typed } from '../doctor/shell.ts'
import { UsageError } from '../failures.ts'
import { isAnothers } from './local-store.ts'

/** No key is longer: an RSA private key of 16,384 bits has 13,000 bytes as PEM. */
const mostBytes = 64 * 1024

/** What was read of a file with a key. Whoever reads it overwrites it. */
interface KeyFile {
  readonly bytes: Uint8Array
  /** What to say about a file that others than its owner may use. */
  readonly warning: string | undefined
}

/**
 * Reads a file with a key: a regular one, or a pipe, such as `<(pass show key)` is.
 *
 * @throws UsageError if it cannot be read, or is too long to be a key.
 */
export async function readKeyFile(flag: string, path: string): Promise<KeyFile> {
  const buffer = new Uint8Array(mostBytes + 1)
  try {
    const handle = await open(path, 'r')
    try {
      const length = await fill(handle, buffer)
      if (length > mostBytes) throw new Error('it is too long to be a key')
      if (length === 0) throw new Error('it is empty')
      return { bytes: buffer.slice(0, length), warning: await warningOf(handle, path) }
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw new UsageError(`${flag} ${path} cannot be used: ${reasonOf(cause)}`)
  } finally {
    buffer.fill(0)
  }
}

/** A pipe gives what it has at the moment. */
async function fill(handle: FileHandle, buffer: Uint8Array): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}

async function warningOf(handle: FileHandle, path: string): Promise<string | undefined> {
  const file = await handle.stat()
  if (!file.isFile()) return undefined
  if (isAnothers(file)) return `${path}, which holds a key, belongs to another user`
  return sharedFileWarning(path, file.mode)
}

/** Windows has no such modes: Node makes them up there. */
export function sharedFileWarning(path: string, mode: number): string | undefined {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  return `others than its owner may use ${path}, which holds a key (mode ${shown}): chmod 600 ${typed(path)}`
}
