import type { CryptoBackend } from '../crypto/backend.ts'
import { ItemError, TamperedMessageError } from '../errors.ts'
import { concat } from '../format/bytes.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { tagLength } from '../suites/suites.ts'
import { canonicalHash } from './canonical-hash.ts'
import { type PathField, inPathOrder, withPaths } from './canonical-path.ts'
import { commitmentOf } from './commitment.ts'
import { verifyFooter } from './footer.ts'
import { actionOf } from './legend.ts'
import { checkedItemSuite } from './materials.ts'
import { FieldKeys, withStructureKeys } from './structure-keys.ts'
import {
  type Field,
  type StoredField,
  type StructureHeader,
  type Terminal,
  binaryTypeId,
  typeIdLength,
} from './structure.ts'

/**
 * What was done to each field, by the legend of the header (resolve-auth-actions.md), in the order of their
 * canonical paths. Not verified yet.
 *
 * @throws TamperedMessageError if the legend is not one of as many fields.
 */
export function resolveActions(
  header: StructureHeader,
  fields: readonly StoredField[],
): readonly Field[] {
  const { legend } = header
  if (fields.length !== legend.length) throw changedSchema(fields.length, legend.length)
  return inPathOrder(fields).map(({ name, typeId, value }, index) => {
    const action = actionOf(legend[index])
    if (!action) throw changedSchema(fields.length, legend.length)
    return { name, action, typeId, value }
  })
}

/**
 * Verifies the header and the footer, and then decrypts (structured-encryption/decrypt-path-structure.md).
 * Whoever got the materials destroys them.
 *
 * @param structure its `fields` are what {@link resolveActions} returned for this header, in that order: others, or
 * another order, have another hash, and so do not match the footer.
 * @returns by name, the decrypted value of each field that was encrypted.
 * @throws TamperedMessageError if the commitment, the HMAC, the signature or a tag does not match.
 */
export function decryptStructure(
  backend: CryptoBackend,
  materials: DecryptionMaterials,
  header: StructureHeader,
  structure: { tableName: string; fields: readonly Field[]; footer: Uint8Array },
): ReadonlyMap<string, Terminal> {
  checkedItemSuite(materials.suite, header.suite)
  return withStructureKeys(backend, materials.dataKey, header.messageId, (keys) => {
    // First of all: it says that the data key is the item's, which no tag of AES-GCM does.
    verifyCommitment(backend, keys.commitKey, header)
    checkEncrypted(structure.fields)
    const fields = withPaths(structure.tableName, structure.fields)
    const hash = canonicalHash(backend, header.bytes, materials.encryptionContext, fields)
    verifyFooter(backend, materials, structure.footer, header.encryptedDataKeys.length, hash)
    return decryptFields(backend, keys.fieldRootKey, fields)
  })
}

function verifyCommitment(
  backend: CryptoBackend,
  commitKey: Uint8Array,
  { body, commitment }: StructureHeader,
): void {
  const expected = commitmentOf(backend, commitKey, body)
  const equal = backend.equalInConstantTime(expected, commitment)
  expected.fill(0)
  if (equal) return
  throw new TamperedMessageError(
    'ERR_COMMITMENT',
    "The item's header is not the one that was encrypted with this data key",
  )
}

function checkEncrypted(fields: readonly Field[]): void {
  for (const { name, action, typeId, value } of fields) {
    if (action !== 'ENCRYPT_AND_SIGN') continue
    // The outer type id is not under the HMAC: the same bytes could come as text.
    if (typeId === binaryTypeId && value.length >= typeIdLength + tagLength) continue
    throw new ItemError(
      'ERR_MALFORMED_ITEM',
      `The attribute ${JSON.stringify(name)} was encrypted, and is not binary data of at least ` +
        `${typeIdLength + tagLength} bytes`,
      name,
    )
  }
}

function decryptFields(
  backend: CryptoBackend,
  fieldRootKey: Uint8Array,
  fields: readonly PathField[],
): ReadonlyMap<string, Terminal> {
  const encrypted = fields.filter(({ action }) => action === 'ENCRYPT_AND_SIGN')
  const decrypted = new Map<string, Terminal>()
  if (encrypted.length === 0) return decrypted
  const keys = new FieldKeys(backend, fieldRootKey, encrypted.length)
  try {
    encrypted.forEach((field, ordinal) => {
      const terminal = decryptField(backend, keys.key(ordinal), keys.nonce(ordinal), field)
      decrypted.set(field.name, terminal)
    })
    return decrypted
  } catch (error) {
    for (const { value } of decrypted.values()) value.fill(0)
    throw error
  } finally {
    keys.destroy()
  }
}

function decryptField(
  backend: CryptoBackend,
  key: Uint8Array,
  nonce: Uint8Array,
  { name, path, value }: PathField,
): Terminal {
  const decryption = backend.decryptGcm(key, nonce, path)
  const start = decryption.update(value.subarray(typeIdLength, -tagLength))
  const rest = decryption.finish(value.subarray(-tagLength))
  if (!rest) {
    start.fill(0)
    throw new TamperedMessageError(
      'ERR_AUTHENTICATION',
      `The attribute ${JSON.stringify(name)} is not the one that was encrypted`,
    )
  }
  const typeId = ((value[0] ?? 0) << 8) | (value[1] ?? 0)
  return { typeId, value: rest.length === 0 ? start : concat(start, rest) }
}

function changedSchema(found: number, expected: number): TamperedMessageError {
  return new TamperedMessageError(
    'ERR_AUTHENTICATION',
    `The item has ${found} attributes to be verified, and ${expected} were signed: some were added or ` +
      'removed since, or the configuration of what is unsigned is not the one that it was encrypted with',
  )
}
