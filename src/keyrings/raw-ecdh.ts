import { checkOptions } from '../checks.ts'
import { type CryptoBackend, type EcdhCurveName, checkBackend } from '../crypto/backend.ts'
import {
  type EcdhKey,
  type EcdhKeyPair,
  type EcdhPublicKey,
  agreeOnSecret,
  checkEcdhCurve,
  generateEcdhKeyPair,
  importEcdhPrivateKey,
  importEcdhPublicKey,
} from '../crypto/ecdh.ts'
import { nodeBackend } from '../crypto/node.ts'
import { EnvelopeError, type UnwrapAttempt, reasonOf } from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { failed, skipped } from './attempts.ts'
import { decryptByEcdh, notEcdh, noteAll } from './ecdh-decryption.ts'
import { isEcdh, rawEcdhProviderId } from './ecdh-provider-info.ts'
import { checkSchema } from './ecdh-schema.ts'
import { wrapByEcdh } from './ecdh-wrapping.ts'
import { type Keyring, checkNoDataKey } from './keyring.ts'

/** Whose keys a {@link RawEcdhKeyring} has (framework/key-agreement-schemas.md). */
export type RawEcdhSchema =
  | {
      /**
       * Between two key pairs, both known (`RawPrivateKeyToStaticPublicKey`). Encrypts to the recipient and
       * decrypts what either side wrote to the other. Who can open a message could also have written it.
       */
      type: 'static'
      /** One's own private key. PEM (PKCS #8 or SEC 1), DER or KeyObject. */
      senderPrivateKey: EcdhKey
      /** The other side's public key. PEM, DER (SubjectPublicKeyInfo) or KeyObject. */
      recipientPublicKey: EcdhKey
    }
  | {
      /**
       * From a new key pair for each message (`EphemeralPrivateKeyToStaticPublicKey`). Encrypts only: even the
       * sender cannot open the message again. Nothing in it says who sent it.
       */
      type: 'ephemeral'
      /** The recipient's public key. PEM, DER (SubjectPublicKeyInfo) or KeyObject. */
      recipientPublicKey: EcdhKey
    }
  | {
      /** To one's own key pair from whomever (`PublicKeyDiscovery`). Decrypts only. */
      type: 'discovery'
      /** One's own private key. PEM (PKCS #8 or SEC 1), DER or KeyObject. */
      recipientPrivateKey: EcdhKey
    }

/** Options of {@link RawEcdhKeyring}. */
export interface RawEcdhKeyringOptions {
  /** The curve that all keys are on. */
  curve: EcdhCurveName
  /** Which keys there are, and so what the keyring can do. */
  schema: RawEcdhSchema
  /** The implementation of HMAC and AES-GCM. Default: node:crypto. ECDH itself is always node:crypto's. */
  backend?: CryptoBackend
}

/** What there is of the two sides; each schema lacks some of it. */
interface RawEcdhKeys {
  /** The key pair that the application holds; none in `ephemeral`. */
  readonly own: EcdhKeyPair | undefined
  /** The public key that is encrypted to; none in `discovery`. */
  readonly recipient: EcdhPublicKey | undefined
}

/**
 * Wraps data keys under a secret that two elliptic curve key pairs agree on (framework/raw-ecdh-keyring.md):
 * each side has its private key and the other's public key, and no secret was ever sent. Each data key has
 * a wrapping key of its own, bound to both public keys and to the encryption context. Reads what an AWS KMS
 * ECDH keyring wrote, too. Public keys are validated: those given at once, those in messages before use.
 *
 * @throws InvalidArgumentError if an option is not as described, or a key is not a valid one on the curve.
 *
 * @example
 * ```ts
 * const sender = new RawEcdhKeyring({ curve: 'P-384', schema: { type: 'ephemeral', recipientPublicKey: pem } })
 * const recipient = new RawEcdhKeyring({ curve: 'P-384', schema: { type: 'discovery', recipientPrivateKey } })
 * ```
 */
export class RawEcdhKeyring implements Keyring {
  readonly #curve: EcdhCurveName
  readonly #keys: RawEcdhKeys
  readonly #backend: CryptoBackend

  constructor(options: RawEcdhKeyringOptions) {
    checkOptions(options, ['curve', 'schema', 'backend'])
    this.#curve = checkEcdhCurve(options.curve)
    this.#keys = importKeys(options.schema, this.#curve)
    this.#backend = checkBackend(options.backend ?? nodeBackend)
  }

  // framework/raw-ecdh-keyring.md, "OnEncrypt"
  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    const { own, recipient } = this.#keys
    if (!recipient) {
      throw new EnvelopeError(
        'ERR_WRAP_FAILED',
        'This raw ECDH keyring has the schema "discovery", so it can only decrypt',
      )
    }
    const sender = own ?? generateEcdhKeyPair(this.#curve)
    const sharedSecret = agreeOnSecret(sender.privateKey, recipient)
    try {
      const parties = {
        curve: this.#curve,
        sender: sender.publicKey.point,
        recipient: recipient.point,
      }
      return wrapByEcdh(this.#backend, given, rawEcdhProviderId, parties, sharedSecret)
    } finally {
      sharedSecret.fill(0)
    }
  }

  // framework/raw-ecdh-keyring.md, "OnDecrypt"
  async onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    checkNoDataKey(materials)
    const { own, recipient } = this.#keys
    // The specification has a keyring with an ephemeral key fail here. It has nothing to try, which comes
    // to the same; beside others in a multi-keyring it must not keep them from theirs.
    if (!own) return await noteAll(materials, encryptedDataKeys, cannotDecrypt)
    return await decryptByEcdh(this.#backend, materials, encryptedDataKeys, {
      own: own.publicKey,
      other: recipient,
      agree: async (other) => agreeOnSecret(own.privateKey, other),
      disagreement: (key, cause) => failed(key, `the key agreement failed: ${reasonOf(cause)}`),
    })
  }
}

/** The note of a keyring with the schema `ephemeral`. */
function cannotDecrypt(key: EncryptedDataKey): UnwrapAttempt {
  if (!isEcdh(key)) return notEcdh(key)
  return skipped(
    key,
    'this ECDH keyring has the schema "ephemeral", so it can only encrypt',
    'the recipient opens it, by the schema "discovery" and its private key',
  )
}

const schemaOptions = {
  static: ['senderPrivateKey', 'recipientPublicKey'],
  ephemeral: ['recipientPublicKey'],
  discovery: ['recipientPrivateKey'],
} as const

function importKeys(schema: RawEcdhSchema, curve: EcdhCurveName): RawEcdhKeys {
  checkSchema(schema, schemaOptions)
  const own = (key: EcdhKey, field: string) => importEcdhPrivateKey(key, curve, field)
  const recipient = (key: EcdhKey) => importEcdhPublicKey(key, curve, 'recipientPublicKey')
  switch (schema.type) {
    case 'static':
      return {
        own: own(schema.senderPrivateKey, 'senderPrivateKey'),
        recipient: recipient(schema.recipientPublicKey),
      }
    case 'ephemeral':
      return { own: undefined, recipient: recipient(schema.recipientPublicKey) }
    case 'discovery':
      return { own: own(schema.recipientPrivateKey, 'recipientPrivateKey'), recipient: undefined }
  }
}
