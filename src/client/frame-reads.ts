import { untilAborted } from '../cmm/ask.ts'
import { EnvelopeError, checkNotAborted } from '../errors.ts'
import { FrameJob, type FrameOrigin, fetchedPiece } from './frame-job.ts'
import { FrameWindow } from './frame-window.ts'

/** Of small frames a job has at most so many, for each costs more than its bytes. */
const mostFrames = 1 << 14

/**
 * Reads of one message, any number at once. A frame that several want is fetched and decrypted once; what neighbours
 * want anew is fetched together.
 */
export class FrameReads {
  readonly #origin: FrameOrigin
  readonly #window: FrameWindow
  /** The frames that are on their way. */
  readonly #pending = new Map<number, FrameJob>()
  /** What is under way, each with those who want frames that it has yet to bring. */
  readonly #jobs = new Map<FrameJob, Set<FrameTaker>>()
  readonly #framesPerJob: number
  #closed = false

  constructor(origin: FrameOrigin, windowBytes: number) {
    this.#origin = origin
    this.#window = new FrameWindow(origin.layout, windowBytes)
    const fitting = Math.floor(fetchedPiece / origin.layout.frameSize)
    this.#framesPerJob = Math.max(1, Math.min(mostFrames, fitting))
  }

  /** Writes the plaintext from `start` on into `target`, which nobody may see before this resolves. */
  async readInto(
    target: Uint8Array,
    start: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { frameLength } = this.#origin.layout
    const end = start + target.length
    const copy = (index: number, plaintext: Uint8Array): void => {
      const at = index * frameLength
      const from = Math.max(0, start - at)
      target.set(plaintext.subarray(from, Math.max(from, end - at)), at + from - start)
    }
    const last = Math.floor((end - 1) / frameLength)
    let first = Math.floor(start / frameLength)
    while (first <= last) {
      const until = Math.min(last, first + this.#framesPerJob - 1)
      await this.#take(new FrameTaker(first, until, copy), signal)
      first = until + 1
    }
  }

  /** Reads a frame for the sake of its tag, and so that it is in the window. */
  async verify(index: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#take(new FrameTaker(index, index, () => {}), signal)
  }

  checkOpen(): void {
    if (this.#closed) throw closedError()
  }

  /** Fails what is under way and forgets all plaintext. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const job of [...this.#jobs.keys()]) {
      for (const taker of this.#drop(job)) taker.fail(closedError())
    }
    this.#window.clear()
  }

  async #take(taker: FrameTaker, signal: AbortSignal | undefined): Promise<void> {
    this.checkOpen()
    checkNotAborted(signal)
    try {
      this.#request(taker, taker.first, taker.last)
      await untilAborted(taker.done, signal, () => {})
    } finally {
      this.#leave(taker)
    }
    this.checkOpen()
  }

  /** Gives a taker the frames that are in the window, and has the others brought. */
  #request(taker: FrameTaker, first: number, last: number): void {
    if (this.#closed) {
      taker.fail(closedError())
      return
    }
    const jobs: FrameJob[] = []
    for (let index = first; index <= last; index++) {
      const kept = this.#window.get(index)
      if (kept) {
        taker.take(index, kept)
        continue
      }
      let job = this.#pending.get(index)
      if (!job) {
        job = new FrameJob(this.#origin, index, this.#endOfGap(index, last))
        for (let next = index; next <= job.last; next++) this.#pending.set(next, job)
        this.#jobs.set(job, new Set())
        jobs.push(job)
      }
      this.#jobs.get(job)?.add(taker)
      index = Math.min(last, job.last)
    }
    // Only now, since a source may do anything, for example close the reader.
    for (const job of jobs) void this.#run(job)
  }

  /** The last frame of those from `index` to `last` that nobody has or brings. */
  #endOfGap(index: number, last: number): number {
    let end = index
    while (end < last && !this.#window.has(end + 1) && !this.#pending.has(end + 1)) end++
    return end
  }

  async #run(job: FrameJob): Promise<void> {
    try {
      await job.run((index, plaintext) => {
        this.#deliver(job, index, plaintext)
      })
    } catch (error) {
      this.#failed(job, error)
    } finally {
      this.#drop(job)
    }
  }

  #deliver(job: FrameJob, index: number, plaintext: Uint8Array): void {
    const takers = this.#jobs.get(job)
    if (!takers) {
      plaintext.fill(0) // given up or closed meanwhile
      return
    }
    this.#pending.delete(index)
    for (const taker of takers) if (taker.wants(index)) taker.take(index, plaintext)
    this.#window.put(index, plaintext)
  }

  #failed(job: FrameJob, error: unknown): void {
    const failed = job.next
    const bySource = EnvelopeError.is(error) && error.code === 'ERR_SOURCE'
    for (const taker of this.#drop(job)) {
      if (bySource || taker.wants(failed)) taker.fail(error)
      // A frame that is not what was written is no reason why others should not be read.
      else this.#request(taker, Math.max(taker.first, failed + 1), Math.min(taker.last, job.last))
    }
  }

  /** Takes a taker that has all it wants, or wants nothing any more, from the jobs, and ends those without any. */
  #leave(taker: FrameTaker): void {
    for (const [job, takers] of this.#jobs) {
      takers.delete(taker)
      if (takers.size === 0) this.#drop(job)
    }
  }

  /** Ends a job: nothing that it brings counts from here on. Returns those who still wanted some of it. */
  #drop(job: FrameJob): Iterable<FrameTaker> {
    const takers = this.#jobs.get(job) ?? []
    this.#jobs.delete(job)
    for (let index = job.next; index <= job.last; index++) {
      if (this.#pending.get(index) === job) this.#pending.delete(index)
    }
    if (job.next <= job.last) job.stop()
    return takers
  }
}

/** One read's wish for a run of frames: it takes each of them once, from whichever job brings it. */
class FrameTaker {
  readonly first: number
  readonly last: number
  /** Resolves when all frames have been taken; rejects with the first failure of one of them. */
  readonly done: Promise<void>
  readonly #copy: (index: number, plaintext: Uint8Array) => void
  #left: number
  #resolve: () => void = () => {}
  #reject: (reason: unknown) => void = () => {}

  /** @param copy is called at once with each frame, whose plaintext is not the taker's. */
  constructor(first: number, last: number, copy: (index: number, plaintext: Uint8Array) => void) {
    this.first = first
    this.last = last
    this.#copy = copy
    this.#left = last - first + 1
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  wants(index: number): boolean {
    return index >= this.first && index <= this.last
  }

  take(index: number, plaintext: Uint8Array): void {
    this.#copy(index, plaintext)
    if (--this.#left === 0) this.#resolve()
  }

  fail(reason: unknown): void {
    this.#reject(reason)
  }
}

function closedError(): EnvelopeError {
  return new EnvelopeError(
    'ERR_READER_CLOSED',
    'The reader was closed: open the message again to read more of it',
  )
}
