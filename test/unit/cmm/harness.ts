import {
  CachingCmm,
  type CachingCmmOptions,
  EnvelopeClient,
  type EnvelopeClientOptions,
  LocalCryptoMaterialsCache,
  type MessageHeader,
} from '../../../src/index.ts'
import { FlakyKeyring } from '../../support/flaky-keyring.ts'

type Limits = Partial<
  Pick<
    CachingCmmOptions,
    'cache' | 'maxAgeMs' | 'maxBytes' | 'maxMessages' | 'partitionId' | 'refreshAheadMs'
  >
>

/** The options without what says where the materials come from. */
export const anHour = { maxAgeMs: 60 * 60 * 1000 }

/** A client over a caching CMM over a keyring that counts. */
export function cachedClient(
  limits: Limits = {},
  options: Omit<EnvelopeClientOptions, 'cmm' | 'keyring'> = {},
) {
  const keyring = new FlakyKeyring('a key')
  const cache = limits.cache ?? new LocalCryptoMaterialsCache({ capacity: 100 })
  const cmm = new CachingCmm({ ...anHour, ...limits, cache, keyring })
  return { client: new EnvelopeClient({ ...options, cmm }), cmm, cache, keyring }
}

/** What tells data keys apart: the encrypted form of the one that a message has. */
export function dataKeyOf({ encryptedDataKeys }: MessageHeader): string {
  return Buffer.from(encryptedDataKeys[0]?.ciphertext ?? []).toString('hex')
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
