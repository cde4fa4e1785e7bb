import { askCmm } from '../cmm/ask.ts'
import { type DecryptionMaterialsRequest, checkEncryptionMaterials } from '../cmm/cmm.ts'
import { EnvelopeError } from '../errors.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import type { EncryptionMaterials } from '../materials/encryption-materials.ts'
import { type Field, type StructureHeader, typeIdLength } from '../structured/structure.ts'
import type { CheckedTableConfig } from './table-config.ts'

/** encrypt-path-structure.md, "Retrieve Encryption Materials": items always commit to their data key. */
const commitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'

/**
 * Asks the CMM for what an item is encrypted with. The caller checks the materials, which may be anything,
 * by {@link checkForItem}, and destroys them.
 *
 * @param context what the item is bound to, none of which it stores (encrypt-item.md, "Behavior").
 */
export function encryptionMaterials(
  { cmm, algorithmSuite }: CheckedTableConfig,
  fields: readonly Field[],
  context: EncryptionContext,
  signal: AbortSignal | undefined,
): Promise<EncryptionMaterials> {
  let maxPlaintextLength = 0
  for (const { action, value } of fields) {
    if (action === 'ENCRYPT_AND_SIGN') maxPlaintextLength += typeIdLength + value.length
  }
  return askCmm('ERR_WRAP_FAILED', signal, () =>
    cmm.getEncryptionMaterials({
      encryptionContext: context,
      commitmentPolicy,
      algorithmSuite,
      requiredContextKeys: Object.keys(context),
      maxPlaintextLength,
      signal,
    }),
  )
}

/**
 * Refuses materials with which nobody could decrypt the item: they have to be bound to what it is bound to,
 * and leave that out of the item. The CMM may be the application's own.
 */
export function checkForItem(materials: EncryptionMaterials, context: EncryptionContext): void {
  checkEncryptionMaterials(materials)
  const { encryptionContext, requiredContextKeys } = materials
  for (const [key, value] of Object.entries(context)) {
    if (encryptionContext[key] === value && requiredContextKeys.includes(key)) continue
    throw new EnvelopeError(
      'ERR_NO_DATA_KEY',
      `The CMM changed or dropped the required key ${JSON.stringify(key)}, to which the item is bound`,
    )
  }
}

/** The option `maxEncryptedDataKeys`, of an item that is written or read. */
export function checkDataKeyCount(
  { maxEncryptedDataKeys: most }: CheckedTableConfig,
  count: number,
): void {
  if (most === undefined || count <= most) return
  throw new EnvelopeError(
    'ERR_TOO_MANY_DATA_KEYS',
    `The item has ${count} encrypted data keys, and maxEncryptedDataKeys is ${most}`,
  )
}

/** What the CMM is asked for, to decrypt an item (decrypt-path-structure.md, "Retrieve Decryption Materials"). */
export function decryptionRequest(
  header: StructureHeader,
  context: EncryptionContext,
  signal: AbortSignal | undefined,
): DecryptionMaterialsRequest {
  return {
    algorithmSuite: header.suite,
    commitmentPolicy,
    encryptedDataKeys: header.encryptedDataKeys,
    encryptionContext: header.encryptionContext,
    reproducedEncryptionContext: context,
    signal,
  }
}

/** Asks the CMM for what an item is decrypted with; the caller destroys it. */
export function decryptionMaterials(
  { cmm }: CheckedTableConfig,
  request: DecryptionMaterialsRequest,
): Promise<DecryptionMaterials> {
  return askCmm('ERR_UNWRAP_FAILED', request.signal, () => cmm.decryptMaterials(request))
}
