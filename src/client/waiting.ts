/** A promise that somebody waits for from time to time, and that others settle. */
export class Waiting {
  #resolve: (() => void) | undefined
  #reject: ((error: unknown) => void) | undefined
  #failure: { readonly error: unknown } | undefined

  /** Waits until {@link end} or {@link fail} is called. There is one who waits at a time. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's, and may be anything
      if (this.#failure) reject(this.#failure.error)
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  end(): void {
    this.#resolve?.()
  }

  /** From here on nobody waits any more: all get this error. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#reject?.(error)
  }
}
