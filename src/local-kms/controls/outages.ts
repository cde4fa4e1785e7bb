import { KmsError } from '../kms-error.ts'

/**
 * How a region is out: `reset` closes the connection without an answer, `timeout` leaves the client
 * waiting, `error` answers `KMSInternalException` with status 500.
 */
export type LocalKmsOutage = 'reset' | 'timeout' | 'error'

/** A request gets no answer: its connection is closed. */
export class NoAnswer extends Error {}

/** The regions that a test has put out. */
export class Outages {
  readonly #outages = new Set<{ region: string; how: LocalKmsOutage; end: AbortController }>()

  begin(region: string, how: LocalKmsOutage): () => void {
    const outage = { region, how, end: new AbortController() }
    this.#outages.add(outage)
    return () => {
      this.#outages.delete(outage)
      outage.end.abort()
    }
  }

  /** Lets those go that still wait for an answer. */
  endAll(): void {
    for (const { end } of this.#outages) end.abort()
    this.#outages.clear()
  }

  /** Of several outages of one region, the last one begun decides. */
  async check(region: string, gone: AbortSignal): Promise<void> {
    const outage = [...this.#outages].filter((outage) => outage.region === region).at(-1)
    switch (outage?.how) {
      case undefined:
        return
      case 'error':
        throw new KmsError('KMSInternalException', `LocalKms was told that ${region} is out.`)
      case 'timeout':
        await aborted(AbortSignal.any([outage.end.signal, gone]))
        throw new NoAnswer()
      case 'reset':
        throw new NoAnswer()
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true })
  })
}
