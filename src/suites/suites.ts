import { show } from '../checks.ts'
import { EnvelopeError } from '../errors.ts'

/**
 * One algorithm suite: how a message's key is derived, what encrypts its frames, whether the message
 * commits to its key and whether it is signed.
 *
 * Every suite encrypts with AES-GCM, a 12-byte nonce and a 16-byte tag
 * (framework/algorithm-suites.md, "Algorithm Suites Encryption Settings").
 */
export interface AlgorithmSuite {
  /** The specification's name, the key of {@link algorithmSuites}. */
  readonly name: AlgorithmSuiteName
  /** The two-byte identifier in a message, for example `0x0578`. */
  readonly id: number
  /** The message format that this suite is written in. */
  readonly messageVersion: 1 | 2
  /** Bytes of the data key and of the key derived from it; in every suite they are equal. */
  readonly keyLength: 16 | 24 | 32
  /** The hash of the HKDF that derives the message's key; `undefined` uses the data key itself. */
  readonly kdfHash: 'sha256' | 'sha384' | 'sha512' | undefined
  /** Whether the header carries a commitment to the key, so that no second key can open it. */
  readonly commitment: boolean
  /** How the message is signed, if it is. */
  readonly signature:
    | { readonly curve: 'P-256'; readonly hash: 'sha256' }
    | { readonly curve: 'P-384'; readonly hash: 'sha384' }
    | undefined
}

/** Bytes of every AES-GCM nonce in a message. */
export const nonceLength = 12
/** Bytes of every AES-GCM tag in a message. */
export const tagLength = 16
/** Bytes of the commit key in the header of a committing suite ("Algorithm Suite Data Length"). */
export const commitmentLength = 32

const p256 = Object.freeze({ curve: 'P-256', hash: 'sha256' } as const)
const p384 = Object.freeze({ curve: 'P-384', hash: 'sha384' } as const)

// prettier-ignore
const table = {
  ALG_AES_128_GCM_IV12_TAG16_NO_KDF:                 [0x0014, 1, 16, undefined, false, undefined],
  ALG_AES_192_GCM_IV12_TAG16_NO_KDF:                 [0x0046, 1, 24, undefined, false, undefined],
  ALG_AES_256_GCM_IV12_TAG16_NO_KDF:                 [0x0078, 1, 32, undefined, false, undefined],
  ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256:            [0x0114, 1, 16, 'sha256',  false, undefined],
  ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA256:            [0x0146, 1, 24, 'sha256',  false, undefined],
  ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256:            [0x0178, 1, 32, 'sha256',  false, undefined],
  ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256: [0x0214, 1, 16, 'sha256',  false, p256],
  ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384: [0x0346, 1, 24, 'sha384',  false, p384],
  ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384: [0x0378, 1, 32, 'sha384',  false, p384],
  ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY:            [0x0478, 2, 32, 'sha512',  true,  undefined],
  ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384: [0x0578, 2, 32, 'sha512',  true,  p384],
} as const

/** The specification's name of an algorithm suite. */
export type AlgorithmSuiteName = keyof typeof table

const suites = (Object.keys(table) as AlgorithmSuiteName[]).map((name): AlgorithmSuite => {
  const [id, messageVersion, keyLength, kdfHash, commitment, signature] = table[name]
  return Object.freeze({ name, id, messageVersion, keyLength, kdfHash, commitment, signature })
})
const byId = new Map(suites.map((suite) => [suite.id, suite]))

/**
 * The eleven algorithm suites of the message format, by name
 * (framework/algorithm-suites.md, "Supported Algorithm Suites").
 *
 * @example
 * ```ts
 * algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY.id // 0x0478
 * ```
 */
export const algorithmSuites = Object.freeze(
  Object.fromEntries(suites.map((suite) => [suite.name, suite])),
) as Readonly<Record<AlgorithmSuiteName, AlgorithmSuite>>

/** The suite with the two-byte identifier that a message names, or `undefined`. */
export function suiteById(id: number): AlgorithmSuite | undefined {
  return byId.get(id)
}

/** The suite of that name; an unknown name is an error that lists the known ones. */
export function suiteByName(name: AlgorithmSuiteName): AlgorithmSuite {
  if (Object.hasOwn(algorithmSuites, name)) return algorithmSuites[name]
  throw new EnvelopeError(
    'ERR_UNKNOWN_ALGORITHM_SUITE',
    `algorithmSuite is ${show(name)}, which is not one of: ${Object.keys(table).join(', ')}`,
  )
}

/** `0x0578`, as the documentation writes it. */
export function suiteIdText(id: number): string {
  return `0x${id.toString(16).padStart(4, '0')}`
}
