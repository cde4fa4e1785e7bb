/** Work that has begun and not ended, whoever still waits for it. */
export class UnderWay {
  readonly #promises = new Set<Promise<unknown>>()

  run<T>(work: () => Promise<T>): Promise<T> {
    const promise = work()
    const ended = promise
      .catch(() => undefined)
      .finally(() => {
        this.#promises.delete(ended)
      })
    this.#promises.add(ended)
    return promise
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#promises.size > 0) await Promise.all(this.#promises)
  }
}
