import { MultiBar, type SingleBar } from 'cli-progress'
import { escaped } from '../inspect/escape.ts'
import { type Job } from './job.ts'
import { inputName } from './records.ts'

/** One file is shown from here on: most are done before. */
const shortMs = 1000
const longestName = 28

/** Shows how far the jobs have come. */
export interface Progress {
  /** Whether something stands on the terminal that text would run into. */
  readonly visible: boolean
  begin(job: Job): { update(bytesDone: number): void; end(): void }
  stop(): void
}

export const noProgress: Progress = {
  visible: false,
  begin: () => ({ update: () => undefined, end: () => undefined }),
  stop: () => undefined,
}

/** A bar a file under way, and one of all. */
export function progressOn(stream: NodeJS.WriteStream, jobs: readonly Job[]): Progress {
  return new Bars(stream, jobs)
}

class Bars implements Progress {
  readonly #bars: MultiBar
  readonly #jobs: readonly Job[]
  readonly #total: SingleBar | undefined
  #filesDone = 0
  readonly #startedMs = performance.now()

  constructor(stream: NodeJS.WriteStream, jobs: readonly Job[]) {
    this.#jobs = jobs
    this.#bars = new MultiBar({
      format: '{name} [{bar}] {percentage}%',
      barsize: 24,
      stream,
      clearOnComplete: true,
      hideCursor: true,
      // Signals are listened to where the jobs are ended.
      gracefulExit: false,
    })
    if (jobs.length > 1) {
      this.#total = this.#bars.create(jobs.length, 0, { name: nameCell('all files') })
    }
  }

  get visible(): boolean {
    return this.#jobs.length > 1 || this.#bars.isActive
  }

  begin(job: Job): ReturnType<Progress['begin']> {
    const size = job.source.kind === 'file' ? job.source.size : undefined
    let bar: SingleBar | undefined
    return {
      update: (bytesDone) => {
        if (size === undefined || size === 0) return
        if (!bar && (this.#total || performance.now() - this.#startedMs > shortMs)) {
          bar = this.#bars.create(size, 0, { name: nameCell(inputName(job)) })
        }
        bar?.update(bytesDone)
      },
      end: () => {
        if (bar) this.#bars.remove(bar)
        this.#total?.update(++this.#filesDone)
      },
    }
  }

  stop(): void {
    this.#bars.stop()
  }
}

/** The end of a path tells more than its start. */
function nameCell(path: string): string {
  const characters = Array.from(escaped(path))
  const cut =
    characters.length > longestName ? ['…', ...characters.slice(1 - longestName)] : characters
  return cut.join('').padEnd(longestName)
}
