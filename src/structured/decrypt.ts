import type { CryptoBackend } from '../crypto/backend.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { Field, StoredField, StructureHeader, Terminal } from './structure.ts'

/**
 * What was done to each field, by the legend of the header (resolve-auth-actions.md), in the order of their
 * canonical paths. Not verified yet.
 *
 * @throws TamperedMessageError if the legend is not one of as many fields.
 */
export function resolveActions(
  header: StructureHeader,
  tableName: string,
  fields: readonly StoredField[],
): readonly Field[] {
  throw new Error(`not built yet: ${header.version} ${tableName} ${fields.length}`)
}

/**
 * Verifies the header and the footer, and then decrypts (structured-encryption/decrypt-path-structure.md).
 * Whoever got the materials destroys them.
 *
 * @param fields what {@link resolveActions} returned.
 * @returns by name, the decrypted value of each field that was encrypted.
 * @throws TamperedMessageError if the commitment, the HMAC, the signature or a tag does not match.
 */
export function decryptStructure(
  backend: CryptoBackend,
  materials: DecryptionMaterials,
  header: StructureHeader,
  structure: { tableName: string; fields: readonly Field[]; footer: Uint8Array },
): ReadonlyMap<string, Terminal> {
  throw new Error(
    `not built yet: ${backend.name} ${materials.suite.name} ${header.version} ${structure.tableName}`,
  )
}
