import { inspectMessage } from '../../../src/index.ts'
import type { PeerName } from '../peers/peer.ts'
import type { Exchange } from './exchange.ts'
import { encryptionContexts } from './variations.ts'

/** The keys of the pairs that are bound to the message and not stored in it. */
export function requiredKeys({ combination, variation }: Exchange): string[] {
  const keys = Object.keys(encryptionContexts[variation.context])
  if (combination.requires === 'all pairs') return keys
  return combination.requires === 'one pair' ? keys.slice(0, 1) : []
}

/** Those pairs, which whoever decrypts the message has to give. */
export function reproducedPairs(exchange: Exchange): Record<string, string> {
  const required = requiredKeys(exchange)
  const pairs = Object.entries(encryptionContexts[exchange.variation.context])
  return Object.fromEntries(pairs.filter(([key]) => required.includes(key)))
}

/** What a reader reports as the encryption context of a message that was read. */
export function pairsRead(exchange: Exchange, peer: PeerName): Record<string, string> {
  const pairs = encryptionContexts[exchange.variation.context]
  // The library for Python reports what the message stores, the others all that was authenticated.
  if (exchange.direction === 'waxseal reads' || peer !== 'Python') return pairs
  const required = requiredKeys(exchange)
  return Object.fromEntries(Object.entries(pairs).filter(([key]) => !required.includes(key)))
}

/** The required keys that a message stores nevertheless. */
export function storedKeys(exchange: Exchange, message: string): string[] {
  const { encryptionContext } = inspectMessage(Buffer.from(message, 'base64'))
  return requiredKeys(exchange).filter((key) => key in encryptionContext)
}
