import type { CryptoBackend } from '../crypto/backend.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'

/** The materials with a data key: their own, or a new random one (keyring-interface.md, "Generate Data Key"). */
export function withGeneratedDataKey(
  materials: EncryptionMaterials,
  backend: CryptoBackend,
): EncryptionMaterials {
  if (materials.hasDataKey) return materials
  const bytes = backend.randomBytes(materials.suite.keyLength)
  const generated = materials.withDataKey(bytes)
  bytes.fill(0)
  return generated
}
