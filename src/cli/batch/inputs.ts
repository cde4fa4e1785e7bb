import { isUtf8 } from 'node:buffer'
import type { Stats } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isSystemError } from '../../client/file-errors.ts'
import { CommandFailure } from '../failures.ts'
import type { Source } from './job.ts'
import { isLeftover } from './leftovers.ts'

/** How inputs are found. */
export interface FindOptions {
  /** Go through folders. */
  readonly recursive: boolean
  /** Follow symbolic links that are found in folders. */
  readonly follow: boolean
}

/** An input, and where it was found. */
interface FoundSource {
  readonly source: Source
  /** Of what was found in an input folder: that folder, and the folders below it that lead to the file. */
  readonly within: { readonly folder: string; readonly path: readonly string[] } | undefined
}

/** An input that nothing can be done with. */
export interface Refused {
  readonly path: string
  readonly error: Error
}

/** What was named on the command line, as files. */
export interface FoundInputs {
  readonly found: readonly FoundSource[]
  readonly refused: readonly Refused[]
  /** The input folders that were gone through. */
  readonly folders: readonly string[]
}

/** Finds the inputs: files, folders, globs, `-` for standard input; none at all is standard input, too. */
export async function findInputs(
  inputs: readonly string[],
  options: FindOptions,
): Promise<FoundInputs> {
  const search = new Search(options)
  for (const input of inputs.length === 0 ? ['-'] : inputs) await search.named(input)
  return search
}

type Within = FoundSource['within']

class Search implements FoundInputs {
  readonly found: FoundSource[] = []
  readonly refused: Refused[] = []
  readonly folders: string[] = []
  readonly #options: FindOptions

  constructor(options: FindOptions) {
    this.#options = options
  }

  /** An input as it stands on the command line. */
  async named(input: string): Promise<void> {
    if (input === '-') {
      this.found.push({ source: { kind: 'stdin' }, within: undefined })
      return
    }
    await this.#orRefuse(input, async () => {
      const stats = await statOrNothing(input)
      if (!stats) return this.#matching(input)
      if (stats.isDirectory()) return this.#named(input, stats)
      if (stats.isSocket()) throw refusal('it is a socket')
      const size = stats.isFile() ? stats.size : undefined
      this.found.push({ source: { kind: 'file', path: input, size }, within: undefined })
    })
  }

  async #named(folder: string, stats: Stats): Promise<void> {
    if (!this.#options.recursive) throw refusal('it is a folder; --recursive goes through it')
    this.folders.push(folder)
    await this.#throughFolder(folder, { folder, path: [] }, [identity(stats)])
  }

  /** A pattern that the shell has left to us. A file whose name looks like one has been found before. */
  async #matching(pattern: string): Promise<void> {
    const { matchesOf } = await import('./patterns.ts')
    const matches = await matchesOf(pattern, this.#options.follow)
    if (!matches) {
      const hint = pattern.includes('\ufffd') ? '; a name that is not UTF-8 cannot be given' : ''
      throw refusal(`there is no such file${hint}`)
    }
    const { paths, linked } = matches
    if (paths.length + linked.length === 0) throw refusal('no file matches it')
    for (const path of linked) this.refused.push({ path, error: symbolicLink() })
    for (const path of paths) {
      await this.#orRefuse(path, () => this.#inFolder(path, undefined, []))
    }
  }

  async #throughFolder(folder: string, within: Within, above: readonly string[]): Promise<void> {
    // As bytes: a name that is not UTF-8 would come out as that of another file.
    const names = await readdir(folder, { encoding: 'buffer' })
    for (const bytes of names.sort((a, b) => Buffer.compare(a, b))) {
      const name = bytes.toString()
      const path = join(folder, name)
      if (!isUtf8(bytes)) {
        const shown = join(folder, escapedBytes(bytes))
        this.refused.push({ path: shown, error: refusal('its name is not UTF-8; rename it') })
      } else if (!isLeftover(name)) {
        await this.#orRefuse(path, () => this.#inFolder(path, within, above))
      }
    }
  }

  async #inFolder(path: string, within: Within, above: readonly string[]): Promise<void> {
    let stats = await lstat(path)
    if (stats.isSymbolicLink()) {
      if (!this.#options.follow) throw symbolicLink()
      stats = await stat(path)
    }
    if (stats.isDirectory()) {
      if (above.includes(identity(stats))) throw refusal('symbolic links lead in a circle')
      const inside = within && { ...within, path: [...within.path, basename(path)] }
      return this.#throughFolder(path, inside, [...above, identity(stats)])
    }
    if (!stats.isFile()) throw refusal('it is not a regular file')
    this.found.push({ source: { kind: 'file', path, size: stats.size }, within })
  }

  async #orRefuse(path: string, look: () => Promise<void>): Promise<void> {
    try {
      await look()
    } catch (error) {
      if (error instanceof CommandFailure) this.refused.push({ path, error })
      else if (isSystemError(error)) {
        this.refused.push({ path, error: refusal(`it cannot be read: ${error.message}`, error) })
      } else throw error
    }
  }
}

function refusal(reason: string, cause?: unknown): CommandFailure {
  return new CommandFailure('ERR_INPUT', reason, cause)
}

function symbolicLink(): CommandFailure {
  return refusal('it is a symbolic link, or behind one; --follow follows it')
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'ENOENT') throw error
    const link = await lstat(path).catch(() => undefined)
    if (link) throw refusal('it is a symbolic link to nothing')
    return undefined
  }
}

function identity({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}

/** The bytes of a name, with those that are no ASCII as `\xff`. */
function escapedBytes(name: Buffer): string {
  return name
    .toString('latin1')
    .replace(/[^ -~]/g, (sign) => `\\x${(sign.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)
}
