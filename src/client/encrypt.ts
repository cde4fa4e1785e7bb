import type { WrapFailure } from '../errors.ts'
import type { MessageHeader } from '../format/header.ts'
import { beginEncryption } from './materials.ts'
import { type ClientConfiguration, type EncryptRequest, checkLength } from './options.ts'
import { runInTurns } from './turns.ts'

/** What {@link EnvelopeClient.encrypt} returns. */
export interface EncryptResult {
  /** The whole message. */
  ciphertext: Uint8Array
  /** All the authenticated pairs: yours, and those that the CMM added. */
  encryptionContext: Record<string, string>
  header: MessageHeader
  /**
   * The keyrings that have not wrapped the data key, so that the message does not open with them. Empty,
   * unless a `MultiKeyring` has a `minimumWrapped`.
   */
  wrapFailures: readonly WrapFailure[]
}

/** Encrypts a plaintext that is all in memory. */
export async function encryptWhole(
  client: ClientConfiguration,
  plaintext: Uint8Array,
  request: EncryptRequest,
): Promise<EncryptResult> {
  const { length } = plaintext
  const encryption = await beginEncryption(client, request, length)
  try {
    checkLength(plaintext, length, 'plaintext')
    const ciphertext = await runInTurns(encryption.encryptAll(plaintext), request.signal)
    checkLength(plaintext, length, 'plaintext')
    const { header, encryptionContext, wrapFailures } = encryption
    return { ciphertext, encryptionContext: { ...encryptionContext }, header, wrapFailures }
  } catch (error) {
    checkLength(plaintext, length, 'plaintext') // which would explain any error
    throw error
  } finally {
    encryption.destroy()
  }
}
