import { setMaxListeners } from 'node:events'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Turns the signals that ask a process to end into an abort, until `end`, which then ends it by the same signal. */
export function listenToInterruption(): { readonly signal: AbortSignal; end(): void } {
  const stop = new AbortController()
  // All streams of all jobs listen. Node would take more than ten for a leak.
  setMaxListeners(0, stop.signal)
  let received: NodeJS.Signals | undefined
  const listen = (signal: NodeJS.Signals): void => {
    received = signal
    forget() // a second one ends the process at once
    stop.abort()
  }
  const forget = (): void => {
    for (const signal of signals) process.off(signal, listen)
  }
  for (const signal of signals) process.on(signal, listen)
  return {
    signal: stop.signal,
    end() {
      forget()
      if (received) process.kill(process.pid, received)
    },
  }
}
