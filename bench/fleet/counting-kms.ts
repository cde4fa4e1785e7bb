import { randomBytes } from 'node:crypto'
import type { KMSClient } from '@aws-sdk/client-kms'

const region = 'us-east-1'

/** The key of this KMS. */
export const keyArn = `arn:aws:kms:${region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`

interface Request {
  NumberOfBytes?: number
  Plaintext?: Uint8Array
  CiphertextBlob?: Uint8Array
}

/**
 * As much of KMS as the simulation needs, at once and in this process: it remembers what it has
 * encrypted, protects nothing and counts.
 */
export class CountingKms {
  calls = 0
  readonly #plaintexts = new Map<string, Uint8Array>()

  client(): KMSClient {
    const client: unknown = {
      config: { region: async () => region },
      send: async (command: { constructor: { name: string }; input: Request }) =>
        this.#answer(command.constructor.name, command.input),
      destroy: () => undefined,
    }
    return client as KMSClient
  }

  #answer(command: string, { NumberOfBytes = 32, Plaintext, CiphertextBlob }: Request): unknown {
    this.calls++
    const KeyId = keyArn
    switch (command) {
      case 'GenerateDataKeyCommand': {
        const key = randomBytes(NumberOfBytes)
        return { KeyId, Plaintext: key, CiphertextBlob: this.#encrypt(key) }
      }
      case 'GenerateDataKeyWithoutPlaintextCommand':
        return { KeyId, CiphertextBlob: this.#encrypt(randomBytes(NumberOfBytes)) }
      case 'EncryptCommand':
        return { KeyId, CiphertextBlob: this.#encrypt(given(Plaintext)) }
      case 'ReEncryptCommand':
        return {
          KeyId,
          SourceKeyId: keyArn,
          CiphertextBlob: this.#encrypt(this.#decrypt(CiphertextBlob)),
        }
      case 'DecryptCommand':
        return { KeyId, Plaintext: this.#decrypt(CiphertextBlob) }
      default:
        throw new Error(`The simulation's KMS has no ${command}`)
    }
  }

  /** 92 bytes and more: what KMS returns for a data key is about twice as long. */
  #encrypt(plaintext: Uint8Array): Uint8Array {
    const ciphertext = Buffer.alloc(92)
    ciphertext.writeUInt32BE(this.#plaintexts.size)
    this.#plaintexts.set(ciphertext.toString('hex'), Uint8Array.from(plaintext))
    return ciphertext
  }

  #decrypt(ciphertext: Uint8Array | undefined): Uint8Array {
    const plaintext = this.#plaintexts.get(Buffer.from(given(ciphertext)).toString('hex'))
    return Uint8Array.from(given(plaintext)) // the library overwrites what it was answered
  }
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The simulation asked its KMS for something it has not')
  return value
}
