import { algorithmSuites } from '../../../src/index.ts'
import type { PeerName } from '../peers/peer.ts'
import type { Exchange } from './exchange.ts'

/** Exchanges that one side refuses to write, with the reason that docs/interop.md gives. */
export interface Limit {
  readonly peer?: PeerName
  readonly applies: (exchange: Exchange) => boolean
  /** What both sides say when they refuse. */
  readonly refusal: RegExp
  readonly reason: string
}

const limits: readonly Limit[] = [
  {
    applies: ({ combination, variation }) =>
      combination.writes.type === 'kms-rsa' &&
      algorithmSuites[variation.suite].signature !== undefined,
    refusal: /asymmetric signing|no suite that signs/,
    reason:
      'KMS RSA and signed suites: the specification forbids the KMS RSA keyring to wrap data keys of signed suites',
  },
]

/** Why nobody writes this message, if that is known. */
export function limitOf(peer: PeerName, exchange: Exchange): Limit | undefined {
  return limits.find(
    (limit) => (limit.peer === undefined || limit.peer === peer) && limit.applies(exchange),
  )
}
