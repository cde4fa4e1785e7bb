import { EnvelopeClient, type Keyring, RequiredEncryptionContextCmm } from '../../../src/index.ts'
import { type ClientOf, keyringOf } from '../../support/keyring-spec.ts'
import type { Exchange } from './exchange.ts'
import { reproducedPairs, requiredKeys } from './required-pairs.ts'
import {
  encryptionContexts,
  plaintextOf,
  plaintexts,
  readingPolicy,
  writingPolicy,
} from './variations.ts'

/** What a reader makes of a message; the plaintext in base64. */
export interface Read {
  readonly plaintext: string
  readonly encryptionContext: Record<string, string>
}

/** The message that waxseal writes, in base64. */
export async function writeWithUs(exchange: Exchange, clientOf: ClientOf): Promise<string> {
  const { combination, variation } = exchange
  const client = new EnvelopeClient({
    ...managerOf(exchange, keyringOf(combination.writes, clientOf)),
    commitmentPolicy: writingPolicy(variation),
    frameLength: plaintexts[variation.plaintext].frameLength,
  })
  const { ciphertext } = await client.encrypt(plaintextOf(variation.plaintext), {
    algorithmSuite: variation.suite,
    encryptionContext: encryptionContexts[variation.context],
  })
  return Buffer.from(ciphertext).toString('base64')
}

/** What waxseal reads in a message, whole and, if it has frames, by slices. */
export async function readWithUs(
  exchange: Exchange,
  message: string,
  clientOf: ClientOf,
): Promise<Read> {
  const { combination, variation } = exchange
  const client = new EnvelopeClient({
    ...managerOf(exchange, keyringOf(combination.reads, clientOf)),
    commitmentPolicy: readingPolicy(variation),
  })
  const ciphertext = Buffer.from(message, 'base64')
  const reproduced = { encryptionContext: reproducedPairs(exchange) }
  const { plaintext, encryptionContext, header } = await client.decrypt(ciphertext, reproduced)
  if (header.contentType === 'framed') {
    // Most are signed, which has been verified above.
    const consent = { ...reproduced, signatures: 'dangerouslyUnverified' } as const
    const reader = await client.openMessage(ciphertext, consent)
    const middle = reader.size >> 1
    const halves = [await reader.read(0, middle), await reader.read(middle, reader.size)]
    await reader.close()
    if (!Buffer.concat(halves).equals(plaintext))
      throw new Error('Its slices are not its plaintext')
  }
  return { plaintext: Buffer.from(plaintext).toString('base64'), encryptionContext }
}

function managerOf(exchange: Exchange, keyring: Keyring) {
  if (exchange.combination.requires === undefined) return { keyring }
  const cmm = new RequiredEncryptionContextCmm({ requiredKeys: requiredKeys(exchange), keyring })
  return { cmm }
}
