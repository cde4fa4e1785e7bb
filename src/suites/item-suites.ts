import { show } from '../checks.ts'
import { EnvelopeError } from '../errors.ts'

/**
 * One algorithm suite of encrypted items (framework/algorithm-suites.md, "DBE"): each field is encrypted
 * by AES-256-GCM under a key of its own, the item commits to its data key, and each encrypted data key has
 * an HMAC over all that is signed. Data keys are wrapped under intermediate keys.
 */
export interface ItemAlgorithmSuite {
  /** The specification's name, the key of {@link itemAlgorithmSuites}. */
  readonly name: ItemAlgorithmSuiteName
  /** The two-byte identifier; an item stores the second byte. */
  readonly id: 0x6700 | 0x6701
  /** No message is written with it; this tells it from the suites of messages. */
  readonly messageVersion?: undefined
  readonly keyLength: 32
  readonly kdfHash: 'sha512'
  readonly commitment: true
  /** How the item is signed, besides the HMACs, if it is. */
  readonly signature: { readonly curve: 'P-384'; readonly hash: 'sha384' } | undefined
}

const p384 = Object.freeze({ curve: 'P-384', hash: 'sha384' } as const)

const table = {
  ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384: [0x6700, undefined],
  ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384: [0x6701, p384],
} as const

/** The specification's name of an algorithm suite of items. */
export type ItemAlgorithmSuiteName = keyof typeof table

const suites = (Object.keys(table) as ItemAlgorithmSuiteName[]).map((name): ItemAlgorithmSuite => {
  const [id, signature] = table[name]
  const same = { keyLength: 32, kdfHash: 'sha512', commitment: true } as const
  return Object.freeze({ name, id, ...same, signature })
})
const byId = new Map<number, ItemAlgorithmSuite>(suites.map((suite) => [suite.id, suite]))

/**
 * The two algorithm suites of items, by name. The one with ECDSA, 0x6701, is the default: whoever can only
 * decrypt items cannot make any that verify. Without it, 0x6700, an item costs a tenth of the time.
 *
 * @example
 * ```ts
 * itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384.id // 0x6700
 * ```
 */
export const itemAlgorithmSuites = Object.freeze(
  Object.fromEntries(suites.map((suite) => [suite.name, suite])),
) as Readonly<Record<ItemAlgorithmSuiteName, ItemAlgorithmSuite>>

/** The suite that is used when none is asked for (encrypt-path-structure.md, "Retrieve Encryption Materials"). */
export const defaultItemSuite =
  itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384

/** The suite with the two-byte identifier, or `undefined`. */
export function itemSuiteById(id: number): ItemAlgorithmSuite | undefined {
  return byId.get(id)
}

/** The suite of that name; an unknown name is an error that lists the known ones. */
export function itemSuiteByName(name: ItemAlgorithmSuiteName): ItemAlgorithmSuite {
  if (Object.hasOwn(itemAlgorithmSuites, name)) return itemAlgorithmSuites[name]
  throw new EnvelopeError(
    'ERR_UNKNOWN_ALGORITHM_SUITE',
    `algorithmSuite is ${show(name)}, which is not one of: ${Object.keys(table).join(', ')}`,
  )
}
