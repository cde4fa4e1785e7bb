import { checkOptions } from '../checks.ts'
import {
  EnvelopeError,
  InvalidArgumentError,
  type UnwrapAttempt,
  checkNotAborted,
  reasonOf,
} from '../errors.ts'
import type { EncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { type Keyring, checkKeyring, checkNoDataKey } from './keyring.ts'

/** Options of {@link MultiKeyring}; at least one of the two. */
export interface MultiKeyringOptions {
  /** Generates the data key, and wraps it. */
  generator?: Keyring
  /** Each wraps the data key once more. */
  children?: readonly Keyring[]
}

/**
 * Wraps one data key under several keyrings, any of which can then decrypt
 * (framework/multi-keyring.md): two regions, or KMS and a key for emergencies.
 *
 * Encryption fails if any keyring does. Decryption asks the generator and then the children in order,
 * until one succeeds. Without a generator it can decrypt, but encrypts only inside another keyring.
 *
 * @throws InvalidArgumentError if it is given neither a generator nor a child.
 *
 * @example
 * ```ts
 * const keyring = new MultiKeyring({ generator: kmsKeyring, children: [emergencyKeyring] })
 * ```
 */
export class MultiKeyring implements Keyring {
  readonly #generator: Keyring | undefined
  readonly #children: readonly Keyring[]

  constructor(options: MultiKeyringOptions) {
    checkOptions(options, ['generator', 'children'])
    const { generator, children = [] } = options
    const given: unknown = children
    if (!Array.isArray(given)) {
      throw new InvalidArgumentError('children', 'children must be an array of keyrings')
    }
    if (generator) checkKeyring(generator, 'generator')
    children.forEach((child, index) => {
      checkKeyring(child, `children[${index}]`)
    })
    if (!generator && children.length === 0) {
      throw new InvalidArgumentError('generator', 'A multi-keyring needs a generator or children')
    }
    this.#generator = generator
    this.#children = [...children]
  }

  // framework/multi-keyring.md, "OnEncrypt"
  async onEncrypt(given: EncryptionMaterials): Promise<EncryptionMaterials> {
    let materials = given
    if (this.#generator) {
      if (given.hasDataKey) throw wrapFailed('its generator was given materials with a data key')
      materials = await this.#generator.onEncrypt(given)
      if (!materials.hasDataKey) throw wrapFailed('its generator produced no data key')
    }
    if (!materials.hasDataKey) throw wrapFailed('it has no generator to produce a data key')
    for (const child of this.#children) materials = await child.onEncrypt(materials)
    return materials
  }

  // framework/multi-keyring.md, "OnDecrypt"
  async onDecrypt(
    given: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials> {
    checkNoDataKey(given)
    const attempts: UnwrapAttempt[] = []
    for (const keyring of this.#generator ? [this.#generator, ...this.#children] : this.#children) {
      try {
        const materials = await keyring.onDecrypt(given, encryptedDataKeys)
        if (materials.hasDataKey) return materials
        for (const attempt of materials.attempts.slice(given.attempts.length))
          attempts.push(attempt)
      } catch (cause) {
        // An abort is not a reason to ask the next keyring.
        checkNotAborted(given.signal)
        for (const attempt of attemptsOf(cause)) attempts.push(attempt)
      }
    }
    return given.withAttempts(attempts)
  }
}

function wrapFailed(why: string): EnvelopeError {
  return new EnvelopeError('ERR_WRAP_FAILED', `The multi-keyring cannot encrypt: ${why}`)
}

function attemptsOf(cause: unknown): readonly UnwrapAttempt[] {
  if (EnvelopeError.is(cause) && cause.code === 'ERR_UNWRAP_FAILED' && cause.attempts) {
    return cause.attempts
  }
  const reason = reasonOf(cause)
  return [{ provider: '(any)', key: '(any)', outcome: 'failed', reason, cause }]
}
