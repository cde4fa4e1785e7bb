import { EnvelopeError } from '../errors.ts'
import { copyBytes } from '../format/bytes.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'

/** framework/structures.md, "Branch Key": "MUST be 32 bytes". */
export const branchKeyLength = 32
const brand = Symbol.for('waxseal.BranchKeyMaterials')

/** What {@link BranchKeyMaterials} are made of. */
export interface BranchKeyMaterialsFields {
  readonly branchKeyId: string
  /** The UUID of the version; none for the beacon key. */
  readonly branchKeyVersion?: string | undefined
  /** The pairs that were given when the branch key was created, without any prefix. */
  readonly encryptionContext: EncryptionContext
  /** 32 bytes, which are copied. */
  readonly key: Uint8Array
}

/**
 * One version of a branch key, or the beacon key (framework/structures.md, "Branch Key Materials" and
 * "Beacon Key Materials"). The bytes are in a private field, so that neither `util.inspect` nor
 * `JSON.stringify` shows them.
 */
export class BranchKeyMaterials {
  readonly [brand] = true
  readonly branchKeyId: string
  /** The UUID of the version; `undefined` for the beacon key. */
  readonly branchKeyVersion: string | undefined
  readonly encryptionContext: EncryptionContext
  #key: Uint8Array | undefined

  constructor(fields: BranchKeyMaterialsFields) {
    this.branchKeyId = fields.branchKeyId
    this.branchKeyVersion = fields.branchKeyVersion
    this.encryptionContext = fields.encryptionContext
    if (fields.key.length !== branchKeyLength) {
      throw new EnvelopeError(
        'ERR_BRANCH_KEY_RECORD',
        `The branch key ${JSON.stringify(fields.branchKeyId)} has ${fields.key.length} bytes, not 32`,
      )
    }
    this.#key = copyBytes(fields.key)
  }

  /** A copy of the 32 bytes, the caller's to overwrite. Throws once the materials are destroyed. */
  get key(): Uint8Array {
    if (this.#key) return copyBytes(this.#key)
    throw new EnvelopeError(
      'ERR_NO_DATA_KEY',
      'The branch key was destroyed and cannot be used again',
    )
  }

  /** The same materials with a key of their own, which lives on when this one is destroyed. */
  copy(): BranchKeyMaterials {
    const { branchKeyId, branchKeyVersion, encryptionContext, key } = this
    try {
      return new BranchKeyMaterials({ branchKeyId, branchKeyVersion, encryptionContext, key })
    } finally {
      key.fill(0)
    }
  }

  /** Overwrites the key. Calling it again does nothing. */
  destroy(): void {
    this.#key?.fill(0)
    this.#key = undefined
  }
}

/** Whether `value` is branch key materials, whichever copy of the library made them. */
export function isBranchKeyMaterials(value: unknown): value is BranchKeyMaterials {
  return typeof value === 'object' && value !== null && brand in value
}
