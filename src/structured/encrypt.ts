import type { CryptoBackend } from '../crypto/backend.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import type { Field, StructureHeader, StructureVersion } from './structure.ts'

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
 */
export function encryptStructure(
  backend: CryptoBackend,
  materials: EncryptionMaterials,
  structure: { tableName: string; version: StructureVersion; fields: readonly Field[] },
): EncryptedStructure {
  throw new Error(`not built yet: ${backend.name} ${materials.suite.name} ${structure.tableName}`)
}
