import type { CryptoBackend } from '../crypto/backend.ts'
import { deriveByCounter } from '../crypto/counter-kdf.ts'
import { concat, utf8 } from '../format/bytes.ts'
import { type EncryptionContext, serializeContext } from '../format/encryption-context.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { nonceLength, tagLength } from '../suites/suites.ts'
import { type EcdhParties, ecdhVersion, writeProviderInfo } from './ecdh-provider-info.ts'

const saltLength = 32
const commitmentLength = 32
const wrappingKeyLength = 32
/** Bytes of a ciphertext in front of the encrypted key: "Derivation Nonce" and "Commitment Key". */
const prefixLength = saltLength + commitmentLength

/** Every data key has a wrapping key of its own, by its salt, so the nonce can be zeros. */
const nonce = new Uint8Array(nonceLength)

// raw-ecdh-keyring.md says "the configured curve specification" and not its text; this is what AWS's
// libraries write.
const curveSpecs = { 'P-256': 'p256', 'P-384': 'p384', 'P-521': 'p521' } as const
const zero = Uint8Array.of(0)

/**
 * What the keys are derived for, and the data key is bound to: the curve, both parties and the encryption
 * context (key-agreement-schemas.md, "Key Derivation"). The label is in lower case, as the list there has
 * it and AWS's libraries write it, not in capitals as in the layout below the list. Each `'0x00'` of that
 * layout is one zero byte, and "PKU || PKV" the compressed points, the sender's first. AAD and fixed info
 * are the same bytes: the context is not put in front once more, as "Data Key Wrapping" can be read.
 */
function fixedInfo(
  { curve, sender, recipient }: EcdhParties,
  context: EncryptionContext,
): Uint8Array {
  return concat(
    utf8('ecdh-key-derivation'),
    zero,
    utf8(curveSpecs[curve]),
    zero,
    utf8('HMAC_SHA384'),
    zero,
    sender,
    recipient,
    zero,
    Uint8Array.of(ecdhVersion),
    zero,
    serializeContext(context),
  )
}

/** The keys of one wrapped data key, out of the shared secret. */
interface WrappingKeys {
  readonly commitment: Uint8Array
  readonly wrappingKey: Uint8Array
  /** Overwrites both. */
  destroy(): void
}

// key-agreement-schemas.md, "Key Derivation", calls the salt an input and does not say where it goes: it
// is the context of SP 800-108, and the fixed info is the label.
function deriveKeys(
  backend: CryptoBackend,
  sharedSecret: Uint8Array,
  info: Uint8Array,
  salt: Uint8Array,
): WrappingKeys {
  const length = commitmentLength + wrappingKeyLength
  const derived = deriveByCounter(backend, 'sha384', sharedSecret, info, salt, length)
  return {
    commitment: derived.subarray(0, commitmentLength),
    wrappingKey: derived.subarray(commitmentLength),
    destroy: () => void derived.fill(0),
  }
}

/** Wraps the data key of the materials, after generating it if there is none. */
export function wrapByEcdh(
  backend: CryptoBackend,
  given: EncryptionMaterials,
  providerId: string,
  parties: EcdhParties,
  sharedSecret: Uint8Array,
): EncryptionMaterials {
  const info = fixedInfo(parties, given.encryptionContext)
  const random = backend.randomBytes(saltLength + given.suite.keyLength)
  const salt = random.subarray(0, saltLength)
  let keys: WrappingKeys | undefined
  try {
    keys = deriveKeys(backend, sharedSecret, info, salt)
    const materials = given.hasDataKey ? given : given.withDataKey(random.subarray(saltLength))
    const encryption = backend.encryptGcm(keys.wrappingKey, nonce, info)
    const encrypted = encryption.update(materials.dataKey)
    return materials.withEncryptedDataKey({
      providerId,
      providerInfo: writeProviderInfo(parties),
      ciphertext: concat(salt, keys.commitment, encrypted, encryption.finish()),
    })
  } finally {
    random.fill(0)
    keys?.destroy()
  }
}

/** An unwrapped data key, which the caller overwrites, or why there is none. */
export type EcdhUnwrapping = { readonly dataKey: Uint8Array } | { readonly problem: string }

/** Unwraps the ciphertext of an encrypted data key between these parties (raw-ecdh-keyring.md, "OnDecrypt"). */
export function unwrapByEcdh(
  backend: CryptoBackend,
  context: EncryptionContext,
  parties: EcdhParties,
  sharedSecret: Uint8Array,
  ciphertext: Uint8Array,
): EcdhUnwrapping {
  const info = fixedInfo(parties, context)
  const keys = deriveKeys(backend, sharedSecret, info, ciphertext.subarray(0, saltLength))
  try {
    // "This check MUST be a constant time check."
    const commitment = ciphertext.subarray(saltLength, prefixLength)
    if (!backend.equalInConstantTime(keys.commitment, commitment)) {
      return { problem: 'the commitment key is another one' }
    }
    const decryption = backend.decryptGcm(keys.wrappingKey, nonce, info)
    const start = decryption.update(ciphertext.subarray(prefixLength, -tagLength))
    const rest = decryption.finish(ciphertext.subarray(-tagLength))
    const dataKey = rest && concat(start, rest)
    start.fill(0)
    rest?.fill(0)
    return dataKey ? { dataKey } : { problem: 'the wrapped key is not authentic' }
  } finally {
    keys.destroy()
  }
}

/** Bytes of a ciphertext that wraps a data key of this length. */
export function ecdhCiphertextLength(keyLength: number): number {
  return prefixLength + keyLength + tagLength
}
