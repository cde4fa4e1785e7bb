import { tracingChannel } from 'node:diagnostics_channel'
import { type KmsCall } from '../../diagnostics.ts'
import { escaped } from '../inspect/escape.ts'

/** Says each call of KMS, once it has ended. Returns what stops it. */
export function tellKmsCalls(say: (text: string) => void): () => void {
  const calls = tracingChannel<unknown, KmsCall>('waxseal:kms')
  const nothing = (): void => undefined
  const asyncEnd = ({ operation, keyId, durationMs = 0, error }: KmsCall): void => {
    const outcome = error instanceof Error ? `, failed: ${error.name}` : ''
    const took = `${Math.round(durationMs)} ms`
    say(`waxseal: KMS ${operation} ${escaped(keyId)}: ${took}${outcome}\n`)
  }
  const subscribers = {
    start: nothing,
    end: nothing,
    asyncStart: nothing,
    asyncEnd,
    error: nothing,
  }
  calls.subscribe(subscribers)
  return () => {
    calls.unsubscribe(subscribers)
  }
}
