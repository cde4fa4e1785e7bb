import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { journalName } from '../batch/leftovers.ts'
import { CommandFailure, UsageError } from '../failures.ts'

/** One file that was about to get its name. */
export interface JournalEntry {
  /** Of the new file, from the journal's folder on, with `/` on all systems. */
  readonly path: string
  /** The id of the message that was read, and of the one that was written; in base64. */
  readonly from: string
  readonly to: string
  /** The fingerprint of the new keys' names. */
  readonly keys: string
}

const entrySchema = z.strictObject({
  path: z.string(),
  from: z.string(),
  to: z.string(),
  keys: z.string(),
})

/** More than a million files; what is longer is nothing that this program wrote. */
const longest = 512 * 1024 * 1024

/**
 * Notes of what is done in a folder, written ahead of each rename. It is a hint, which whoever may write to the folder
 * may change: what it calls done is looked at before it is skipped, and it says nothing of keys to use.
 *
 * Each entry is a line that begins with its newline, so that one that a crash has cut off spoils no other. Two runs in
 * one folder see each other's lines, and stop: those of other new keys would be mixed, and the first to end would take
 * away the notes of the other.
 */
export class Journal {
  readonly #path: string
  readonly #keys: string
  readonly #entries: ReadonlyMap<string, readonly JournalEntry[]>
  /** Of the file, as far as this run has read and written it. */
  #length: number
  #file: Promise<FileHandle> | undefined
  #last: Promise<void> = Promise.resolve()

  private constructor(
    path: string,
    keys: string,
    entries: ReadonlyMap<string, readonly JournalEntry[]>,
    length: number,
  ) {
    this.#path = path
    this.#keys = keys
    this.#entries = entries
    this.#length = length
  }

  /**
   * Reads what an earlier run has left; nothing is written yet.
   *
   * @throws UsageError if it was left by a run with other new keys, whose files would be mixed with those of this run.
   */
  static async read(folder: string, keys: string): Promise<Journal> {
    const path = join(folder, journalName)
    const entries = new Map<string, JournalEntry[]>()
    const bytes = await bytesOf(path)
    for (const entry of entriesOf(bytes.toString())) {
      if (entry.keys !== keys) throw otherKeys(path)
      entries.set(entry.path, [...(entries.get(entry.path) ?? []), entry])
    }
    return new Journal(path, keys, entries, bytes.length)
  }

  /** All attempts at a file: which of them has come to its name, only the file itself can tell. */
  entriesOf(path: string): readonly JournalEntry[] {
    return this.#entries.get(path) ?? []
  }

  /**
   * Returns once the note is on the disk.
   *
   * @throws CommandFailure if another run writes to the journal, too, or has removed it.
   */
  async note({ path, from, to }: Omit<JournalEntry, 'keys'>): Promise<void> {
    const line = JSON.stringify({ path, from, to, keys: this.#keys } satisfies JournalEntry)
    const noted = this.#last.then(() => this.#append(Buffer.from(`\n${line}`)))
    this.#last = noted.catch(() => undefined)
    await noted
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#file ??= create(this.#path)
    const file = await this.#file
    if (!(await this.#isOurs(file))) throw anotherRun(this.#path)
    try {
      await file.appendFile(bytes)
      await file.datasync()
      this.#length += bytes.length
    } catch (error) {
      this.#length = (await file.stat()).size // of a full disk, which may have taken a part
      throw error
    }
  }

  async #isOurs(file: FileHandle): Promise<boolean> {
    const { size, nlink } = await file.stat()
    return nlink === 1 && size === this.#length
  }

  async close(): Promise<void> {
    await (await this.#file?.catch(() => undefined))?.close()
    this.#file = undefined
  }

  /** To be called when nothing is left to do. What another run has written meanwhile stays. */
  async remove(): Promise<void> {
    this.#file ??= openOwn(this.#path, constants.O_RDONLY)
    try {
      if (await this.#isOurs(await this.#file)) await unlink(this.#path)
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error
    } finally {
      await this.close()
    }
  }
}

function anotherRun(path: string): CommandFailure {
  return new CommandFailure(
    'ERR_OUTPUT',
    `another run of reencrypt writes to ${JSON.stringify(path)}; the file stays as it was. Run this again once the ` +
      'other has ended',
  )
}

function otherKeys(path: string): UsageError {
  return new UsageError(
    `${JSON.stringify(path)} says that a run with other new keys has stopped half-way here. Let it come to its end ` +
      'by the same call as then; or remove that file, if its work is not to go on',
  )
}

function entriesOf(text: string): JournalEntry[] {
  return text.split('\n').flatMap((line) => {
    const parsed = entrySchema.safeParse(jsonOf(line))
    return parsed.success ? [parsed.data] : [] // cut off or damaged: that file is done again
  })
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

async function bytesOf(path: string): Promise<Buffer> {
  const file = await openOwn(path, constants.O_RDONLY).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  })
  try {
    return (await file?.readFile()) ?? Buffer.alloc(0)
  } finally {
    await file?.close()
  }
}

async function create(path: string): Promise<FileHandle> {
  const file = await openOwn(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT)
  await file.sync()
  // Its name has to be on the disk, too. Not every system lets a folder be opened for that.
  const folder = await open(dirname(path), 'r').catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
  return file
}

/** What another user has put there, a link or a FIFO, would have this program write elsewhere, or wait for ever. */
async function openOwn(path: string, flags: number): Promise<FileHandle> {
  const { O_NOFOLLOW, O_NONBLOCK } = constants // undefined where a system has none, and then nothing in `|`
  const file = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600).catch((error: unknown) => {
    throw isCode(error, 'ELOOP') || isCode(error, 'ENXIO') ? noJournal(path, error) : error
  })
  const stats = await file.stat()
  if (stats.isFile() && stats.nlink === 1 && stats.size <= longest) return file
  await file.close()
  throw noJournal(path)
}

function noJournal(path: string, cause?: unknown): CommandFailure {
  return new CommandFailure(
    'ERR_INPUT',
    `${JSON.stringify(path)} is no journal of reencrypt. Find out who has put it there, and remove it`,
    cause,
  )
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
