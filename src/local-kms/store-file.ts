import { randomUUID } from 'node:crypto'
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { EnvelopeError } from '../errors.ts'
import { emptyState, type StoreState } from './records.ts'
import { parseState, serializeState, StoreFormatError } from './store-format.ts'

const OWNER_ONLY = 0o600

/** The JSON file at `storePath`. */
export class StoreFile {
  readonly #path: string
  /** What the file looked like when it was last read or written here. */
  #lastSeen: string | undefined

  private constructor(path: string) {
    this.#path = path
  }

  /** Reads the file, or makes an empty one, so that a path that can't be written fails at once. */
  static async open(
    storePath: string,
    log: (message: string) => void,
  ): Promise<{ file: StoreFile; state: StoreState }> {
    const file = new StoreFile(await realpath(storePath).catch(() => resolve(storePath)))
    const state = (await file.#load(log)) ?? emptyState
    if (file.#lastSeen === undefined) await file.save(state)
    return { file, state }
  }

  /** Reads the file, which has to be there, and neither makes nor writes it. */
  static async read(storePath: string): Promise<StoreState> {
    const file = new StoreFile(storePath)
    const state = await file.#load(() => {})
    if (state) return state
    throw file.#failure('cannot read', new Error('it is gone'), 'Put it back, or start anew')
  }

  /** Replaces the file as a whole: after a failure or a crash it is either the old one or the new one. */
  async save(state: StoreState): Promise<void> {
    const temporary = `${this.#path}.${randomUUID()}.tmp`
    try {
      await this.#checkNobodyElseWrote()
      const handle = await open(temporary, 'wx', OWNER_ONLY)
      try {
        await handle.writeFile(serializeState(state))
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, this.#path)
      this.#lastSeen = await appearance(this.#path)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw this.#failure('cannot write', error, 'Nothing was changed')
    }
    await syncFolder(dirname(this.#path))
  }

  async #load(log: (message: string) => void): Promise<StoreState | undefined> {
    try {
      this.#lastSeen = await appearance(this.#path)
      if (this.#lastSeen === undefined) return undefined
      const state = parseState(await readFile(this.#path, 'utf8'))
      await this.#warnIfOthersCanRead(log)
      return state
    } catch (error) {
      throw this.#failure(
        'cannot read',
        error,
        'Repair the file, move it away, or use another path',
      )
    }
  }

  async #warnIfOthersCanRead(log: (message: string) => void): Promise<void> {
    if (process.platform === 'win32') return
    const mode = (await stat(this.#path)).mode & 0o777
    if ((mode & ~OWNER_ONLY) === 0) return
    log(
      `Others than its owner may use ${this.#path}, which holds keys in the clear ` +
        `(mode 0${mode.toString(8)}). Run: chmod 600 ${this.#path}`,
    )
  }

  /** Two servers on one file would each drop what the other has created. */
  async #checkNobodyElseWrote(): Promise<void> {
    const now = await appearance(this.#path)
    if (now === this.#lastSeen) return
    throw new Error(
      now === undefined
        ? 'the file is gone; put it back, or start a new LocalKms'
        : 'another process has changed it; give each LocalKms a path of its own',
    )
  }

  #failure(what: string, error: unknown, advice: string): EnvelopeError {
    const reason = error instanceof Error ? error.message : String(error)
    const cause = error instanceof StoreFormatError ? {} : { cause: error }
    const message = `LocalKms ${what} its store ${this.#path}: ${reason}. ${advice}`
    return new EnvelopeError('ERR_LOCAL_KMS', message, cause)
  }
}

async function appearance(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs].join(':')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** So that the rename itself outlives a crash. Not every platform can; the file is whole either way. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    return
  }
}
