/** One read's wish for a run of frames: it takes each of them once, from whichever job brings it. */
export class FrameTaker {
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
