import {
  type KeyObject,
  constants,
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
} from 'node:crypto'
import type { KMSClient } from '@aws-sdk/client-kms'
import { fakeClient } from './fake-kms-client.ts'

interface Request extends KeyRequest {
  SourceKeyId: string
  SourceEncryptionContext?: Record<string, string> | undefined
  DestinationKeyId: string
  DestinationEncryptionContext?: Record<string, string> | undefined
}

interface KeyRequest {
  KeyId: string
  NumberOfBytes?: number
  Plaintext?: Uint8Array
  CiphertextBlob?: Uint8Array
  EncryptionContext?: Record<string, string> | undefined
  EncryptionAlgorithm?: 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256'
}

/**
 * A KMS in this process, for suites that make too many calls for a server. Every key exists from the
 * start, in every region and under any ARN: it has one AES key, and binds ciphertexts by AES-GCM to the
 * key's id and to the encryption context, as KMS does, and one RSA key.
 */
export class FakeKms {
  readonly publicKey: KeyObject
  readonly #privateKey: KeyObject
  readonly #aesKey = randomBytes(32)

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.publicKey = publicKey
    this.#privateKey = privateKey
  }

  client(region: string): KMSClient {
    const answer = ({ operation, input }: { operation: string; input: object }) =>
      this.#answer(operation, input as Request, region)
    return fakeClient(answer, region).client
  }

  #answer(operation: string, request: Request, region: string): unknown {
    const { SourceKeyId, Plaintext, CiphertextBlob = new Uint8Array(0) } = request
    const KeyId = operation === 'ReEncrypt' ? request.DestinationKeyId : request.KeyId
    const keyArns = operation === 'ReEncrypt' ? [SourceKeyId, KeyId] : [KeyId]
    if (keyArns.some((arn) => arn.split(':')[3] !== region)) return kmsError('NotFoundException')
    switch (operation) {
      case 'GenerateDataKeyWithoutPlaintext': {
        const dataKey = randomBytes(request.NumberOfBytes ?? 0)
        return { KeyId, CiphertextBlob: this.#seal(request, dataKey) }
      }
      case 'ReEncrypt': {
        const from = { KeyId: SourceKeyId, EncryptionContext: request.SourceEncryptionContext }
        const to = { KeyId, EncryptionContext: request.DestinationEncryptionContext }
        try {
          const plaintext = this.#open(from, CiphertextBlob)
          return { KeyId, SourceKeyId, CiphertextBlob: this.#seal(to, plaintext) }
        } catch {
          return kmsError('InvalidCiphertextException')
        }
      }
      case 'GenerateDataKey': {
        const dataKey = randomBytes(request.NumberOfBytes ?? 0)
        return { KeyId, Plaintext: dataKey, CiphertextBlob: this.#seal(request, dataKey) }
      }
      case 'Encrypt':
        return { KeyId, CiphertextBlob: this.#seal(request, Plaintext ?? new Uint8Array(0)) }
      case 'Decrypt':
        try {
          const plaintext = request.EncryptionAlgorithm
            ? this.#decryptRsa(CiphertextBlob, request.EncryptionAlgorithm)
            : this.#open(request, CiphertextBlob)
          return { KeyId, Plaintext: plaintext }
        } catch {
          return kmsError('InvalidCiphertextException')
        }
      default:
        return kmsError('UnknownOperationException')
    }
  }

  #seal(request: KeyRequest, plaintext: Uint8Array): Uint8Array {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#aesKey, nonce)
    cipher.setAAD(boundTo(request))
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
    return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()])
  }

  #open(request: KeyRequest, blob: Uint8Array): Uint8Array {
    const nonce = blob.subarray(0, 12)
    const decipher = createDecipheriv('aes-256-gcm', this.#aesKey, nonce, { authTagLength: 16 })
    decipher.setAAD(boundTo(request))
    decipher.setAuthTag(blob.subarray(-16))
    return Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()])
  }

  #decryptRsa(ciphertext: Uint8Array, algorithm: string): Uint8Array {
    const oaepHash = algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256'
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return privateDecrypt({ key: this.#privateKey, padding, oaepHash }, ciphertext)
  }
}

function kmsError(name: string): Error {
  return Object.assign(new Error('says the fake KMS'), { name })
}

/** The key's id without its region, for replicas, and the context in one order. */
function boundTo({ KeyId, EncryptionContext = {} }: KeyRequest): Buffer {
  const keyId = KeyId.slice(KeyId.indexOf('/'))
  const pairs = Object.entries(EncryptionContext).sort(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.from(JSON.stringify([keyId, pairs]))
}
