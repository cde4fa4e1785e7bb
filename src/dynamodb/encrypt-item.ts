import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { show } from '../checks.ts'
import { destroyMaterials } from '../cmm/ask.ts'
import { ItemError, checkNotAborted } from '../errors.ts'
import { encryptStructure } from '../structured/encrypt.ts'
import { type Field, footerName, headerName } from '../structured/structure.ts'
import { itemEncryptionContext } from './encryption-context.ts'
import { checkWritable } from './item-checks.ts'
import { itemHeader } from './item-header.ts'
import { checkDataKeyCount, checkForItem, encryptionMaterials } from './item-materials.ts'
import type { Item, ItemHeader } from './item.ts'
import { type CheckedTableConfig, actionOf } from './table-config.ts'
import { deserializeAttribute, serializeAttribute } from './values/attribute-value.ts'

/** Encrypts one item (dynamodb-encryption-client/encrypt-item.md). */
export async function encryptItem(
  config: CheckedTableConfig,
  given: Item,
  signal: AbortSignal | undefined,
): Promise<{ item: Item; header: ItemHeader | undefined }> {
  checkNotAborted(signal)
  const { logicalTableName: tableName, version, backend } = config
  // What is there now: the caller's may change while keyrings are waited for.
  const item = Object.fromEntries(Object.entries(given))
  checkWritable(config, item)
  if (config.plaintextOverride === 'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ') {
    return { item, header: undefined }
  }
  const fields = fieldsOf(config, item)
  const context = itemEncryptionContext(config, version, fields, 'ERR_ITEM')
  const materials = await encryptionMaterials(config, fields, context, signal)
  try {
    checkForItem(materials, context)
    checkDataKeyCount(config, materials.encryptedDataKeys.length)
    const structure = encryptStructure(backend, materials, { tableName, version, fields })
    const signed = new Map(fields.map((field) => [field.name, field]))
    const entries = Object.entries(item).map(([name, value]): [string, AttributeValue] => {
      const B = structure.encrypted.get(name)
      if (B) return [name, { B }]
      const field = signed.get(name)
      // What is stored is what was signed, whatever became of the caller's value meanwhile.
      return [name, field ? deserializeAttribute(field, name) : value]
    })
    entries.push([headerName, { B: structure.header.bytes }], [footerName, { B: structure.footer }])
    const header = itemHeader(structure.header, materials.encryptionContext, fields)
    return { item: Object.fromEntries(entries), header }
  } finally {
    destroyMaterials(materials)
  }
}

/** The signed attributes in bytes, and what is to be done to each (encrypt-item.md, "Behavior"). */
function fieldsOf(config: CheckedTableConfig, item: Item): Field[] {
  const fields: Field[] = []
  for (const [name, value] of Object.entries(item)) {
    const action = actionOf(config, name)
    if (action === undefined) {
      throw new ItemError(
        'ERR_ITEM',
        `The attribute ${show(name)} has no action: name it in attributeActionsOnEncrypt, as ` +
          'ENCRYPT_AND_SIGN if it may be secret, or leave it out of the item',
        name,
      )
    }
    if (action !== 'DO_NOTHING') fields.push({ name, action, ...serializeAttribute(value, name) })
  }
  return fields
}
