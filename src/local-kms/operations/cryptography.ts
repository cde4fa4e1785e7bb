import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { keyArn } from '../arn.ts'
import { parseCiphertext, seal, unseal } from '../ciphertext.ts'
import type { EncryptionContext } from '../encryption-context.ts'
import { KmsError } from '../kms-error.ts'
import type { KeyRecord } from '../key-store.ts'
import * as member from '../members.ts'
import { resolveKey } from '../resolve-key.ts'
import { operation, type Answer, type Environment, type Operation } from './operation.ts'

const common = {
  GrantTokens: member.grantTokens,
  DryRun: member.dryRun,
  Recipient: member.unsupported('Recipient'),
}

export const Encrypt = cryptographic(
  z.object({
    KeyId: member.keyId,
    Plaintext: member.plaintext,
    EncryptionContext: member.encryptionContext,
    EncryptionAlgorithm: member.encryptionAlgorithm,
    ...common,
  }),
  (input, { store, scope }) => {
    const key = resolveKey(store, scope, input.KeyId)
    return {
      CiphertextBlob: seal(key, input.Plaintext, input.EncryptionContext).toString('base64'),
      KeyId: key.arn,
      EncryptionAlgorithm: input.EncryptionAlgorithm,
    }
  },
)

export const Decrypt = cryptographic(
  z.object({
    KeyId: member.keyId.optional(),
    CiphertextBlob: member.ciphertextBlob,
    EncryptionContext: member.encryptionContext,
    EncryptionAlgorithm: member.encryptionAlgorithm,
    ...common,
  }),
  (input, environment) => {
    const { CiphertextBlob, KeyId, EncryptionContext } = input
    const { key, plaintext } = open(environment, CiphertextBlob, KeyId, EncryptionContext)
    return {
      Plaintext: plaintext.toString('base64'),
      KeyId: key.arn,
      EncryptionAlgorithm: input.EncryptionAlgorithm,
    }
  },
)

export const ReEncrypt = cryptographic(
  z.object({
    CiphertextBlob: member.ciphertextBlob,
    SourceKeyId: member.keyId.optional(),
    SourceEncryptionContext: member.encryptionContext,
    SourceEncryptionAlgorithm: member.encryptionAlgorithm,
    DestinationKeyId: member.keyId,
    DestinationEncryptionContext: member.encryptionContext,
    DestinationEncryptionAlgorithm: member.encryptionAlgorithm,
    ...common,
  }),
  (input, environment) => {
    const { CiphertextBlob, SourceKeyId, SourceEncryptionContext } = input
    const source = open(environment, CiphertextBlob, SourceKeyId, SourceEncryptionContext)
    const key = resolveKey(environment.store, environment.scope, input.DestinationKeyId)
    const blob = seal(key, source.plaintext, input.DestinationEncryptionContext)
    return {
      CiphertextBlob: blob.toString('base64'),
      SourceKeyId: source.key.arn,
      KeyId: key.arn,
      SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
      DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm,
    }
  },
)

const dataKeyRequest = z.object({
  KeyId: member.keyId,
  KeySpec: z.enum(['AES_256', 'AES_128']).optional(),
  NumberOfBytes: member.numberOfBytes,
  EncryptionContext: member.encryptionContext,
  ...common,
})

export const GenerateDataKey = cryptographic(dataKeyRequest, (input, environment) => {
  const { plaintext, ...answer } = generateDataKey(input, environment)
  return { Plaintext: plaintext.toString('base64'), ...answer }
})

export const GenerateDataKeyWithoutPlaintext = cryptographic(
  dataKeyRequest,
  (input, environment) => {
    const { KeyId, CiphertextBlob } = generateDataKey(input, environment)
    return { KeyId, CiphertextBlob }
  },
)

export const GenerateRandom = operation(
  z.object({
    NumberOfBytes: member.numberOfBytes,
    Recipient: common.Recipient,
    CustomKeyStoreId: member.unsupported('custom key stores'),
  }),
  ({ NumberOfBytes }) => {
    if (NumberOfBytes === undefined) {
      throw new KmsError('ValidationException', 'NumberOfBytes is required.')
    }
    return { Plaintext: randomBytes(NumberOfBytes).toString('base64') }
  },
)

/** None of these operations changes the store, so that a dry run can be a run whose answer is kept back. */
function cryptographic<S extends z.ZodType<{ DryRun?: boolean | undefined }>>(
  schema: S,
  run: (input: z.output<S>, environment: Environment) => Answer,
): Operation {
  return operation(schema, (input, environment) => {
    const answer = run(input, environment)
    if (!input.DryRun) return answer
    throw new KmsError(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    )
  })
}

function generateDataKey(input: z.output<typeof dataKeyRequest>, environment: Environment) {
  const { KeySpec, NumberOfBytes } = input
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw new KmsError('ValidationException', 'Please specify either number of bytes or key spec.')
  }
  const key = resolveKey(environment.store, environment.scope, input.KeyId)
  const plaintext = randomBytes(NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32))
  const blob = seal(key, plaintext, input.EncryptionContext)
  return { plaintext, KeyId: key.arn, CiphertextBlob: blob.toString('base64') }
}

function open(
  { store, scope }: Environment,
  blob: Buffer,
  expectedKeyId: string | undefined,
  context: EncryptionContext,
): { key: KeyRecord; plaintext: Buffer } {
  const parsed = parseCiphertext(blob)
  const expected = expectedKeyId === undefined ? undefined : resolveKey(store, scope, expectedKeyId)
  if (expected && expected.id !== parsed.keyId) {
    throw new KmsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    )
  }
  const key = expected ?? store.key(keyArn(scope, parsed.keyId))
  if (!key) {
    throw new KmsError(
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, ' +
        'does not exist in this region, or you are not allowed to access.',
    )
  }
  return { key, plaintext: unseal(key, parsed, context) }
}
