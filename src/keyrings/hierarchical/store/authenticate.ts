import { type KmsAccess, reEncrypt } from './kms-calls.ts'
import type { ReadRecord } from './records.ts'
import { unwrapRecord } from './wrapping.ts'

/**
 * Throws if a record is not what was stored ("Authenticating a Branch Keystore item").
 *
 * @param keyArn - the key to ask KMS for.
 * @throws EnvelopeError ERR_BRANCH_KEY_RECORD if it is not, ERR_BRANCH_KEY_KMS if KMS failed.
 */
export async function authenticate(
  access: KmsAccess,
  keyArn: string,
  record: ReadRecord,
): Promise<void> {
  if (record.hierarchyVersion === 2) return authenticateByKey(access, keyArn, record)
  const { place, context, ciphertext } = record
  // ReEncrypt to the same: KMS checks it and the key stays there.
  const binding = { keyArn, encryptionContext: context }
  await reEncrypt(
    { ...access, place },
    { ciphertext, origin: 'of the record', from: binding, to: binding },
  )
}

/** The same by Decrypt: the key is in this process's memory for a moment. */
export async function authenticateByKey(
  access: KmsAccess,
  keyArn: string,
  record: ReadRecord,
): Promise<void> {
  const key = await unwrapRecord(access, keyArn, record, 'of the record')
  key.fill(0)
}
