import { askCmm, destroyMaterials } from '../cmm/ask.ts'
import {
  type DecryptionMaterialsRequest,
  checkDecryptionMaterials,
  checkEncryptionMaterials,
  checkRequiredKeysKept,
} from '../cmm/cmm.ts'
import { MessageDecryption } from '../engine/decryption.ts'
import { MessageEncryption } from '../engine/encryption.ts'
import { EnvelopeError, checkNotAborted } from '../errors.ts'
import { tooManyDataKeys } from '../format/encrypted-data-key.ts'
import type { EncryptionContext } from '../format/encryption-context.ts'
import type { ParsedHeader } from '../format/header.ts'
import type { DecryptionMaterials } from '../materials/decryption-materials.ts'
import { checkPolicyOnDecrypt, checkPolicyOnEncrypt } from '../suites/commitment-policy.ts'
import type { ClientConfiguration, DecryptRequest, EncryptRequest } from './options.ts'

/** Gets materials from the CMM and begins a message (client-apis/encrypt.md, "Get the encryption materials"). */
export async function beginEncryption(
  client: ClientConfiguration,
  request: EncryptRequest,
  maxPlaintextLength: number | undefined,
): Promise<MessageEncryption> {
  const { encryptionContext, requiredContextKeys, algorithmSuite, signal } = request
  const { commitmentPolicy, maxEncryptedDataKeys } = client
  checkNotAborted(signal)
  const materials = await askCmm('ERR_WRAP_FAILED', signal, () =>
    client.cmm.getEncryptionMaterials({
      encryptionContext,
      commitmentPolicy,
      algorithmSuite,
      requiredContextKeys: requiredContextKeys.length === 0 ? undefined : requiredContextKeys,
      maxPlaintextLength,
      signal,
    }),
  )
  try {
    // The CMM may be the application's own, so what it returns is checked again.
    checkEncryptionMaterials(materials)
    checkRequiredKeysKept(materials, requiredContextKeys)
    checkPolicyOnEncrypt(commitmentPolicy, materials.suite)
    const count = materials.encryptedDataKeys.length
    if (maxEncryptedDataKeys !== undefined && count > maxEncryptedDataKeys) {
      throw tooManyDataKeys(count, maxEncryptedDataKeys)
    }
    return new MessageEncryption(materials, request.frameLength, client.backend)
  } finally {
    destroyMaterials(materials)
  }
}

/** A message whose header has been verified. */
export interface OpenedMessage {
  readonly decryption: MessageDecryption
  /** All the authenticated pairs: those in the message and those that the caller reproduced. */
  readonly encryptionContext: EncryptionContext
}

/** Gets materials for a parsed header and verifies it (client-apis/decrypt.md, "Get the decryption materials"). */
export async function beginDecryption(
  client: ClientConfiguration,
  header: ParsedHeader,
  request: DecryptRequest,
): Promise<OpenedMessage> {
  const { encryptionContext, refuseSignatures, signal } = request
  const refuseSigned = refuseSignatures
    ? "signatures is 'refuse': its plaintext is only to be trusted after the end. Decrypt it whole"
    : undefined
  const question = { encryptionContext, refuseSigned, signal }
  return withDecryptionMaterials(client, header, question, (materials) => ({
    decryption: new MessageDecryption(header, materials, client.backend),
    encryptionContext: materials.encryptionContext,
  }))
}

/** What materials are asked for with, besides the header. */
interface DecryptionQuestion {
  readonly encryptionContext: EncryptionContext
  /** Why a signed message is refused, and what to do instead; `undefined` if it is not. */
  readonly refuseSigned: string | undefined
  readonly signal: AbortSignal | undefined
}

/** Gets materials for a parsed header, for `begin` to verify it with; they are destroyed afterwards. */
export async function withDecryptionMaterials<T>(
  client: ClientConfiguration,
  { suite, fields }: ParsedHeader,
  { encryptionContext, refuseSigned, signal }: DecryptionQuestion,
  begin: (materials: DecryptionMaterials) => T,
): Promise<T> {
  checkNotAborted(signal)
  checkPolicyOnDecrypt(client.commitmentPolicy, suite)
  if (suite.signature && refuseSigned !== undefined) {
    throw new EnvelopeError(
      'ERR_SIGNED_MESSAGE_REFUSED',
      `The message is signed (${suite.name}), and ${refuseSigned}, or have it written with an unsigned suite`,
    )
  }
  const materialsRequest: DecryptionMaterialsRequest = {
    algorithmSuite: suite,
    commitmentPolicy: client.commitmentPolicy,
    encryptedDataKeys: fields.encryptedDataKeys,
    encryptionContext: fields.encryptionContext,
    reproducedEncryptionContext: encryptionContext,
    signal,
  }
  const materials = await askCmm('ERR_UNWRAP_FAILED', signal, () =>
    client.cmm.decryptMaterials(materialsRequest),
  )
  try {
    checkDecryptionMaterials(materials, materialsRequest)
    return begin(materials)
  } finally {
    destroyMaterials(materials)
  }
}
