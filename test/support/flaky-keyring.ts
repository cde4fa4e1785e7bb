import { randomBytes } from 'node:crypto'
import { type Keyring, RawAesKeyring } from '../../src/index.ts'

/** A keyring that can be told to fail, and counts how often it is asked. */
export class FlakyKeyring implements Keyring {
  /** What it fails with, while there is something. */
  error: Error | undefined
  encryptions = 0
  decryptions = 0
  readonly #keyring: RawAesKeyring

  constructor(keyName: string, wrappingKey: Uint8Array = randomBytes(32)) {
    this.#keyring = new RawAesKeyring({ keyNamespace: 'test', keyName, wrappingKey })
  }

  get asked(): number {
    return this.encryptions + this.decryptions
  }

  async onEncrypt(...given: Parameters<Keyring['onEncrypt']>) {
    this.encryptions += 1
    await Promise.resolve()
    if (this.error) throw this.error
    return this.#keyring.onEncrypt(...given)
  }

  /** Notes its error as an attempt on each encrypted data key, as the KMS keyrings do. */
  async onDecrypt(...[materials, encryptedDataKeys]: Parameters<Keyring['onDecrypt']>) {
    this.decryptions += 1
    await Promise.resolve()
    const { error: cause } = this
    if (!cause) return this.#keyring.onDecrypt(materials, encryptedDataKeys)
    return materials.withAttempts(
      encryptedDataKeys.map(() => ({
        provider: 'test',
        key: 'a key',
        outcome: 'failed',
        reason: cause.message,
        cause,
      })),
    )
  }
}

/** An error of a service that does not answer. */
export function outage(): Error {
  return Object.assign(new Error('no answer'), { name: 'TimeoutError' })
}

/** An error of a service that answers, and refuses. */
export function refusal(): Error {
  return Object.assign(new Error('not you'), { name: 'AccessDeniedException' })
}
