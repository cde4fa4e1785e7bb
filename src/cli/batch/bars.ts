import { MultiBar, type SingleBar } from 'cli-progress'
import { escaped } from '../inspect/escape.ts'
import type { Job } from './job.ts'
import { inputName } from './records.ts'
import type { Progress } from './progress.ts'

/** One file is shown from here on: most are done before. */
const shortMs = 1000
const longestName = 28
/** To a terminal: nothing more stands on this line. */
const clearToEnd = '\u001b[K'

/** A bar a file under way, and one of all. */
export function progressOn(stream: NodeJS.WriteStream, jobs: readonly Job[]): Progress {
  return new Bars(stream, jobs)
}

class Bars implements Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #bars: MultiBar
  readonly #total: SingleBar | undefined
  /** How much of the total a job is: its bytes where all sizes are known; otherwise each is one. */
  readonly #shareOf: (job: Job, bytesDone?: number) => number
  #totalDone = 0
  readonly #startedMs = performance.now()

  constructor(stream: NodeJS.WriteStream, jobs: readonly Job[]) {
    this.#stream = stream
    this.#bars = new MultiBar({
      format: '{name} [{bar}] {percentage}%',
      barsize: 24,
      stream,
      clearOnComplete: true,
      hideCursor: true,
      // A line above moves all bars down, also those that have not changed.
      forceRedraw: true,
      // Signals are listened to where the jobs are ended.
      gracefulExit: false,
    })
    const sizes = jobs.map(sizeOf)
    const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? NaN), 0)
    this.#shareOf =
      bytes > 0 ? (job, done = sizeOf(job)) => done ?? 0 : (_, done) => (done === undefined ? 1 : 0)
    if (jobs.length > 1) {
      const total = bytes > 0 ? bytes : jobs.length
      this.#total = this.#bars.create(total, 0, { name: nameCell('all files') })
    }
  }

  say(text: string): void {
    if (!this.#bars.isActive) {
      this.#stream.write(text)
      return
    }
    // Each line is written over one of the bars, which may be longer.
    this.#bars.log(text.replaceAll('\n', `${clearToEnd}\n`))
    this.#bars.update()
  }

  begin(job: Job): ReturnType<Progress['begin']> {
    const size = sizeOf(job)
    let bar: SingleBar | undefined
    let share = 0
    const count = (bytesDone?: number): void => {
      const now = this.#shareOf(job, bytesDone)
      this.#totalDone += now - share
      share = now
      this.#total?.update(this.#totalDone)
    }
    return {
      update: (bytesDone) => {
        if (size === undefined || size === 0) return
        if (!bar && (this.#total || performance.now() - this.#startedMs > shortMs)) {
          bar = this.#bars.create(size, 0, { name: nameCell(inputName(job)) })
        }
        bar?.update(bytesDone)
        count(bytesDone)
      },
      end: () => {
        if (bar) this.#bars.remove(bar)
        count()
      },
    }
  }

  stop(): void {
    this.#bars.stop()
  }
}

function sizeOf({ source }: Job): number | undefined {
  return source.kind === 'file' ? source.size : undefined
}

/** The end of a path tells more than its start. */
function nameCell(path: string): string {
  const characters = Array.from(escaped(path))
  const cut =
    characters.length > longestName ? ['…', ...characters.slice(1 - longestName)] : characters
  return cut.join('').padEnd(longestName)
}
