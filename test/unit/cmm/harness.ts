import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  type CacheEvent,
  CachingCmm,
  type CachingCmmOptions,
  type CryptographicMaterialsManager,
  DefaultCmm,
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

/** The reasons for which the cache was bypassed while `work` ran. */
export async function bypassesOf(work: () => Promise<unknown>): Promise<unknown[]> {
  const reasons: unknown[] = []
  const listen = (message: unknown): void => {
    const { event, reason } = message as CacheEvent
    if (event === 'bypass') reasons.push(reason)
  }
  subscribe('waxseal:cache', listen)
  try {
    await work()
  } finally {
    unsubscribe('waxseal:cache', listen)
  }
  return reasons
}

/** A caching CMM over a CMM that does what a default one does, but for what is given. */
export function over(underneath: (inner: DefaultCmm) => Partial<CryptographicMaterialsManager>) {
  const keyring = new FlakyKeyring('a key')
  const inner = new DefaultCmm({ keyring })
  const cmm: CryptographicMaterialsManager = {
    getEncryptionMaterials: (request) => inner.getEncryptionMaterials(request),
    decryptMaterials: (request) => inner.decryptMaterials(request),
    ...underneath(inner),
  }
  const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
  const caching = new CachingCmm({ ...anHour, cache, cmm })
  return { client: new EnvelopeClient({ cmm: caching }), caching, cache, keyring }
}
