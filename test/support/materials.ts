import {
  type AlgorithmSuiteName,
  DecryptionMaterials,
  type EncryptedDataKey,
  EncryptionMaterials,
  type EnvelopeError,
  algorithmSuites,
} from '../../src/index.ts'

const committing = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'

interface MaterialsOptions {
  suite?: AlgorithmSuiteName
  encryptionContext?: Record<string, string>
  signal?: AbortSignal
}

/** Materials as a CMM hands them to a keyring, without a data key. */
export function encryptionMaterials(options: MaterialsOptions = {}): EncryptionMaterials {
  return new EncryptionMaterials(fields(options))
}

export function decryptionMaterials(options: MaterialsOptions = {}): DecryptionMaterials {
  return new DecryptionMaterials(fields(options))
}

function fields({ suite = committing, encryptionContext = {}, signal }: MaterialsOptions) {
  return { suite: algorithmSuites[suite], encryptionContext, signal }
}

/** An encrypted data key that no keyring under test has made, unless told otherwise. */
export function foreignKey(fields: Partial<EncryptedDataKey> = {}): EncryptedDataKey {
  return {
    providerId: 'elsewhere',
    providerInfo: Buffer.from('a key'),
    ciphertext: Buffer.alloc(32, 7),
    ...fields,
  }
}

/** The error that a promise or a function comes to; an error if there is none. */
export async function failure(work: () => unknown): Promise<EnvelopeError> {
  try {
    await work()
  } catch (error) {
    return error as EnvelopeError
  }
  throw new Error('It did not fail')
}
