import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { quote } from '../../client/file-errors.ts'
import { UsageError } from '../failures.ts'
import { type FindOptions, type FoundInputs, type Refused, findInputs } from './inputs.ts'
import type { Job, Source } from './job.ts'

/** How outputs are named. */
export interface PlanOptions extends FindOptions {
  /** `-o`: a file, a folder, `-` for standard output; undefined: standard output, of one input. */
  readonly output: string | undefined
  /** The name of an output in a folder, made of that of its input. */
  readonly rename: (name: string) => string
}

/** What a command was asked to work on, found before anything is written. */
export interface Plan {
  readonly jobs: readonly Job[]
  /** Inputs that nothing can be done with, each with its reason; they fail, and the others are done. */
  readonly refused: readonly Refused[]
}

/**
 * Finds the inputs: files, folders, globs, `-` for standard input; none at all is standard input, too.
 *
 * @throws UsageError if inputs and output don't go together.
 */
export async function planJobs(inputs: readonly string[], options: PlanOptions): Promise<Plan> {
  if (inputs.filter((input) => input === '-').length > 1) {
    throw new UsageError('standard input can be read once only')
  }
  if (options.output === '') throw new UsageError('-o is empty: is a variable not set?')
  const found = await findInputs(inputs, options)
  const { refused } = found
  const { output = '-' } = options
  const several = found.folders.length > 0 || found.found.length + refused.length > 1
  if (output === '-') {
    if (several) throw new UsageError('several inputs need a folder to go to: -o FOLDER')
    const jobs = found.found.map(({ source }) => ({ source, target: { kind: 'stdout' as const } }))
    return { jobs, refused }
  }
  const stats = await stat(output).catch(() => undefined)
  const jobs =
    stats?.isDirectory() || output.endsWith('/') || output.endsWith(sep) || several
      ? intoFolder(found, output, options)
      : found.found.map(({ source }) => ({
          source,
          target: { kind: 'file' as const, path: output },
        }))
  if (several && stats && !stats.isDirectory()) {
    throw new UsageError(`several inputs need a folder to go to, and ${quote(output)} is a file`)
  }
  await new Places().check(jobs, found.folders, output)
  return { jobs, refused }
}

/** Whether a path leads to what is read or written. */
export async function isOfPlan({ jobs }: Plan, path: string): Promise<boolean> {
  const places = new Places()
  const place = await places.of(path)
  for (const { source, target } of jobs) {
    for (const end of [source, target]) {
      if ('path' in end && (await places.of(end.path)) === place) return true
    }
  }
  return false
}

function intoFolder({ found }: FoundInputs, output: string, { rename }: PlanOptions): Job[] {
  return found.map(({ source, within }) => {
    if (source.kind === 'stdin') {
      throw new UsageError('standard input has no name to use in a folder: give -o FILE')
    }
    const path = join(output, ...(within?.path ?? []), rename(basename(source.path)))
    return { source, target: { kind: 'file', path, makeFolders: true } }
  })
}

/** Where paths lead to once symbolic links are followed, as far as they exist. */
class Places {
  readonly #known = new Map<string, Promise<string>>()

  async check(jobs: readonly Job[], folders: readonly string[], output: string): Promise<void> {
    await this.#checkNotInside(output, folders)
    const sources = new Set<string>()
    for (const { source } of jobs) {
      if (source.kind === 'file') sources.add(await this.of(source.path))
    }
    const targets = new Map<string, Source>()
    for (const { source, target } of jobs) {
      if (target.kind !== 'file') continue
      const place = await this.of(target.path)
      if (sources.has(place)) {
        throw new UsageError(`the output ${quote(target.path)} is an input, too`)
      }
      const other = targets.get(place)
      if (other) {
        throw new UsageError(
          `${nameOf(other)} and ${nameOf(source)} would both become ${quote(target.path)}`,
        )
      }
      targets.set(place, source)
    }
  }

  /** What is written there could be found again as an input, now or at the next run. */
  async #checkNotInside(output: string, folders: readonly string[]): Promise<void> {
    for (const folder of folders) {
      const way = relative(await this.of(folder), await this.of(output))
      if (way !== '..' && !way.startsWith(`..${sep}`)) {
        throw new UsageError(`the output ${quote(output)} is in the input folder ${quote(folder)}`)
      }
    }
  }

  /** The file itself may be a link, and what it leads to is read, or replaced. */
  of(path: string): Promise<string> {
    const absolute = resolve(path)
    const known = this.#known.get(absolute) ?? this.#real(absolute)
    this.#known.set(absolute, known)
    return known
  }

  async #real(absolute: string): Promise<string> {
    try {
      return await realpath(absolute)
    } catch {
      // Not there yet: it will be made in the nearest folder that is.
      const above = dirname(absolute)
      return above === absolute ? absolute : join(await this.of(above), basename(absolute))
    }
  }
}

function nameOf(source: Source): string {
  return source.kind === 'file' ? quote(source.path) : 'standard input'
}
