import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { encryptSymmetric } from '../encryption.ts'
import type { Environment } from '../environment.ts'
import { requireUsable } from '../key-checks.ts'
import { KmsError } from '../kms-error.ts'
import * as member from '../members.ts'
import { resolveKey } from '../resolve-key.ts'
import { dryRunnable } from './dry-run.ts'
import { operation } from './operation.ts'

const dataKeyRequest = z.object({
  KeyId: member.keyId,
  KeySpec: z.enum(['AES_256', 'AES_128']).optional(),
  NumberOfBytes: member.numberOfBytes,
  EncryptionContext: member.encryptionContext,
  GrantTokens: member.grantTokens,
  DryRun: member.dryRun,
  Recipient: member.unsupported('Recipient'),
})

export const GenerateDataKey = dryRunnable(dataKeyRequest, (input, environment) => {
  const { plaintext, ...answer } = generateDataKey(input, environment, 'GenerateDataKey')
  return { Plaintext: plaintext.toString('base64'), ...answer }
})

export const GenerateDataKeyWithoutPlaintext = dryRunnable(dataKeyRequest, (input, environment) => {
  const { KeyId, CiphertextBlob, KeyMaterialId } = generateDataKey(
    input,
    environment,
    'GenerateDataKeyWithoutPlaintext',
  )
  return { KeyId, CiphertextBlob, KeyMaterialId }
})

export const GenerateRandom = operation(
  z.object({
    NumberOfBytes: member.numberOfBytes,
    Recipient: member.unsupported('Recipient'),
    CustomKeyStoreId: member.unsupported('custom key stores'),
  }),
  ({ NumberOfBytes }) => {
    if (NumberOfBytes === undefined) {
      throw new KmsError('ValidationException', 'NumberOfBytes is required.')
    }
    return { Plaintext: randomBytes(NumberOfBytes).toString('base64') }
  },
)

function generateDataKey(
  input: z.output<typeof dataKeyRequest>,
  { store, scope }: Environment,
  operationName: string,
) {
  const { KeySpec, NumberOfBytes } = input
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw new KmsError('ValidationException', 'Please specify either number of bytes or key spec.')
  }
  const plaintext = randomBytes(NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32))
  const key = resolveKey(store, scope, input.KeyId)
  requireUsable(key, 'ENCRYPT_DECRYPT', operationName)
  const sealed = encryptSymmetric(key, plaintext, input.EncryptionContext)
  return {
    plaintext,
    KeyId: key.arn,
    CiphertextBlob: sealed.ciphertext.toString('base64'),
    KeyMaterialId: sealed.material.id,
  }
}
