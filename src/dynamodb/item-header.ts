import { copyEncryptedDataKey } from '../format/encrypted-data-key.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { Field, StructureHeader } from '../structured/structure.ts'
import type { ItemHeader } from './item.ts'

/** What an item says of itself, from its header and the context that it was verified with. */
export function itemHeader(
  { version, suite, encryptedDataKeys }: StructureHeader,
  encryptionContext: EncryptionContext,
  fields: readonly Field[],
): ItemHeader {
  return {
    version,
    algorithmSuite: suite.name,
    encryptionContext,
    encryptedDataKeys: encryptedDataKeys.map(copyEncryptedDataKey),
    attributeActions: Object.freeze(
      Object.fromEntries(fields.map(({ name, action }) => [name, action])),
    ),
  }
}
