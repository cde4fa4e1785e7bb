import type { CryptoBackend } from '../crypto/backend.ts'
import { ItemError } from '../errors.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import { type EncryptionMaterials, plaintextDataKeyOf } from '../materials/encryption-materials.ts'
import { tagLength } from '../suites/suites.ts'
import { canonicalHash } from './canonical-hash.ts'
import { type PathField, inPathOrder, withPaths } from './canonical-path.ts'
import { commitmentOf } from './commitment.ts'
import { writeFooter } from './footer.ts'
import { messageIdLength, writeHeader } from './header.ts'
import { writeLegend } from './legend.ts'
import { checkedItemSuite } from './materials.ts'
import { FieldKeys, withStructureKeys } from './structure-keys.ts'
import {
  type Field,
  type StructureHeader,
  type StructureVersion,
  binaryTypeId,
  typeIdLength,
} from './structure.ts'

/** What an encryption adds to an item, and what it replaces. */
export interface EncryptedStructure {
  /** The value of the attribute `aws_dbe_head`, parsed; `bytes` are what is stored. */
  readonly header: StructureHeader
  /** The value of the attribute `aws_dbe_foot`. */
  readonly footer: Uint8Array
  /** By name, the new binary value of each attribute that is encrypted. */
  readonly encrypted: ReadonlyMap<string, Uint8Array>
}

/**
 * Encrypts and signs the fields (structured-encryption/encrypt-path-structure.md). Whoever got the
 * materials destroys them.
 *
 * @throws ItemError `ERR_ITEM` if there is no field, a name twice, or more than 65535.
 */
export function encryptStructure(
  backend: CryptoBackend,
  materials: EncryptionMaterials,
  structure: { tableName: string; version: StructureVersion; fields: readonly Field[] },
): EncryptedStructure {
  const suite = checkedItemSuite(materials.suite)
  const fields = withPaths(structure.tableName, inPathOrder(structure.fields))
  if (fields.length === 0) throw new ItemError('ERR_ITEM', 'The item has no attribute to be signed')
  const legend = writeLegend(fields)
  const messageId = backend.randomBytes(messageIdLength)
  return withStructureKeys(backend, plaintextDataKeyOf(materials), messageId, (keys) => {
    const header = writeHeader(
      {
        version: structure.version,
        suite,
        messageId,
        legend,
        encryptionContext: storedPairs(materials),
        encryptedDataKeys: materials.encryptedDataKeys,
      },
      (body) => commitmentOf(backend, keys.commitKey, body),
    )
    const stored = encryptFields(backend, keys.fieldRootKey, fields)
    const hash = canonicalHash(backend, header.bytes, materials.encryptionContext, stored)
    const footer = writeFooter(backend, materials, hash)
    const encrypted = new Map<string, Uint8Array>()
    for (const { name, action, value } of stored) {
      if (action === 'ENCRYPT_AND_SIGN') encrypted.set(name, value)
    }
    return { header, footer, encrypted }
  })
}

// "Header Field": what is required has to be known to whoever decrypts.
function storedPairs({
  encryptionContext,
  requiredContextKeys,
}: EncryptionMaterials): EncryptionContext {
  const pairs = Object.entries(encryptionContext)
  return Object.freeze(
    Object.fromEntries(pairs.filter(([key]) => !requiredContextKeys.includes(key))),
  )
}

/** The fields as they are stored. */
function encryptFields(
  backend: CryptoBackend,
  fieldRootKey: Uint8Array,
  fields: readonly PathField[],
): readonly PathField[] {
  const count = fields.filter(({ action }) => action === 'ENCRYPT_AND_SIGN').length
  if (count === 0) return fields
  const keys = new FieldKeys(backend, fieldRootKey, count)
  let ordinal = 0
  try {
    return fields.map((field) => {
      if (field.action !== 'ENCRYPT_AND_SIGN') return field
      const { name, action, path } = field
      const value = encryptField(backend, keys.key(ordinal), keys.nonce(ordinal), field)
      ordinal += 1
      return { name, action, typeId: binaryTypeId, value, path }
    })
  } finally {
    keys.destroy()
  }
}

// "Terminal Data Encryption": the type id in the clear, the ciphertext, the tag.
function encryptField(
  backend: CryptoBackend,
  key: Uint8Array,
  nonce: Uint8Array,
  { path, typeId, value }: PathField,
): Uint8Array {
  const encryption = backend.encryptGcm(key, nonce, path)
  const stored = new Uint8Array(typeIdLength + value.length + tagLength)
  stored[0] = typeId >>> 8
  stored[1] = typeId
  const start = encryption.update(value)
  stored.set(start, typeIdLength)
  stored.set(encryption.finish(), typeIdLength + start.length)
  return stored
}
