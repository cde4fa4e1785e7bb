import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { destroyMaterials } from '../cmm/ask.ts'
import { checkDecryptionMaterials } from '../cmm/cmm.ts'
import { checkNotAborted } from '../errors.ts'
import { decryptStructure, resolveActions } from '../structured/decrypt.ts'
import { parseHeader } from '../structured/header.ts'
import { type StoredField, footerName, headerName } from '../structured/structure.ts'
import { itemEncryptionContext } from './encryption-context.ts'
import { binaryAttribute, checkReadable, isAllowedPlaintext } from './item-checks.ts'
import { itemHeader } from './item-header.ts'
import { checkDataKeyCount, decryptionMaterials, decryptionRequest } from './item-materials.ts'
import type { Item, ItemHeader } from './item.ts'
import { type CheckedTableConfig, isReserved, isSigned } from './table-config.ts'
import { deserializeAttribute, serializeAttribute } from './values/attribute-value.ts'

/** Decrypts one item (dynamodb-encryption-client/decrypt-item.md). */
export async function decryptItem(
  config: CheckedTableConfig,
  given: Item,
  signal: AbortSignal | undefined,
): Promise<{ item: Item; header: ItemHeader | undefined }> {
  checkNotAborted(signal)
  const { logicalTableName: tableName, backend } = config
  // What is there now: the caller's may change while keyrings are waited for.
  const item = Object.fromEntries(Object.entries(given))
  checkReadable(config, item)
  if (isAllowedPlaintext(config, item)) return { item, header: undefined }
  const stored = parseHeader(binaryAttribute(item, headerName))
  // Before a keyring is asked, for each of them may cost a call of it.
  checkDataKeyCount(config, stored.encryptedDataKeys.length)
  const footer = binaryAttribute(item, footerName)
  const fields = resolveActions(stored, fieldsOf(config, item))
  const context = itemEncryptionContext(config, stored.version, fields, 'ERR_MALFORMED_ITEM')
  const request = decryptionRequest(stored, context, signal)
  const materials = await decryptionMaterials(config, request)
  try {
    checkDecryptionMaterials(materials, request)
    const decrypted = decryptStructure(backend, materials, stored, { tableName, fields, footer })
    const signed = new Map(fields.map((field) => [field.name, field]))
    const entries: [string, AttributeValue][] = []
    for (const [name, value] of Object.entries(item)) {
      // Beacons and the version tag, which AWS's libraries write, are for searching ("RemoveBeacons").
      if (isReserved(name)) continue
      const field = decrypted.get(name) ?? signed.get(name)
      // What is handed out is what was verified, whatever became of the caller's value meanwhile.
      entries.push([name, field ? deserializeAttribute(field, name) : value])
    }
    const header = itemHeader(stored, materials.encryptionContext, fields)
    return { item: Object.fromEntries(entries), header }
  } finally {
    destroyMaterials(materials)
  }
}

/** All that has to be signed, as it is stored (decrypt-item.md, "Signature Scope"). */
function fieldsOf(config: CheckedTableConfig, item: Item): StoredField[] {
  return Object.entries(item)
    .filter(([name]) => isSigned(config, name))
    .map(([name, value]) => ({ name, ...serializeAttribute(value, name, 'ERR_MALFORMED_ITEM') }))
}
