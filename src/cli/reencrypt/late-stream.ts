import { Duplex } from 'node:stream'

/**
 * A stream that is made when the first bytes come, or the end if there are none: what is to be encrypted may be
 * encrypted only as the header of the old message says, which is known by then.
 */
export class LateStream extends Duplex {
  readonly #make: () => Duplex
  #inner: Duplex | undefined

  constructor(make: () => Duplex) {
    super()
    this.#make = make
  }

  override _write(chunk: unknown, _encoding: string, callback: (error?: Error) => void): void {
    this.#with(callback, (inner) => {
      if (inner.write(chunk)) callback()
      else inner.once('drain', () => callback())
    })
  }

  override _final(callback: (error?: Error) => void): void {
    this.#with(callback, (inner) => {
      inner.end()
      callback()
    })
  }

  override _read(): void {
    this.#inner?.resume()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#inner?.destroy()
    callback(error)
  }

  #with(fail: (error: Error) => void, use: (inner: Duplex) => void): void {
    try {
      this.#inner ??= this.#start()
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)))
      return
    }
    use(this.#inner)
  }

  #start(): Duplex {
    const inner = this.#make()
    inner.on('data', (chunk: unknown) => {
      if (!this.push(chunk)) inner.pause()
    })
    inner.on('end', () => this.push(null))
    inner.on('error', (error) => this.destroy(error))
    return inner
  }
}
