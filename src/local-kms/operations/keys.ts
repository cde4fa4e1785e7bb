import { z } from 'zod'
import type { Scope } from '../arn.ts'
import { KmsError } from '../kms-error.ts'
import type { KeyRecord } from '../key-store.ts'
import { grantTokens, keyId, limit, marker, unsupported } from '../members.ts'
import { pageOf } from '../paging.ts'
import { resolveKey } from '../resolve-key.ts'
import { operation, type Answer } from './operation.ts'

const keySpec = z.enum([
  'SYMMETRIC_DEFAULT',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'ECC_SECG_P256K1',
  'ECC_NIST_EDWARDS25519',
  'HMAC_224',
  'HMAC_256',
  'HMAC_384',
  'HMAC_512',
  'ML_DSA_44',
  'ML_DSA_65',
  'ML_DSA_87',
  'SM2',
])
const keyUsage = z.enum(['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'])
const origin = z.enum(['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'])

const createKeyRequest = z.object({
  Description: z.string().max(8192).optional(),
  KeySpec: keySpec.optional(),
  CustomerMasterKeySpec: keySpec.optional(),
  KeyUsage: keyUsage.default('ENCRYPT_DECRYPT'),
  Origin: origin.default('AWS_KMS'),
  MultiRegion: z.boolean().default(false),
  CustomKeyStoreId: unsupported('custom key stores'),
  XksKeyId: unsupported('external key stores'),
})

export const CreateKey = operation(createKeyRequest, async (input, { store, scope }) => {
  if (input.KeySpec && input.CustomerMasterKeySpec) {
    throw new KmsError(
      'ValidationException',
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. ' +
        'CustomerMasterKeySpec is deprecated.',
    )
  }
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'
  if (spec !== 'SYMMETRIC_DEFAULT') throw cannotMake(`KeySpec ${spec}`)
  if (input.KeyUsage !== 'ENCRYPT_DECRYPT') {
    throw new KmsError(
      'ValidationException',
      `KeyUsage ${input.KeyUsage} is not compatible with KeySpec ${spec}`,
    )
  }
  if (input.Origin !== 'AWS_KMS') throw cannotMake(`Origin ${input.Origin}`)
  if (input.MultiRegion) throw cannotMake('MultiRegion true')
  const key = await store.createKey(scope, { description: input.Description })
  return { KeyMetadata: metadataOf(key, scope) }
})

export const DescribeKey = operation(
  z.object({ KeyId: keyId, GrantTokens: grantTokens }),
  ({ KeyId }, { store, scope }) => ({
    KeyMetadata: metadataOf(resolveKey(store, scope, KeyId), scope),
  }),
)

export const ListKeys = operation(
  z.object({ Limit: limit(1000, 100), Marker: marker }),
  ({ Limit, Marker }, { store, scope }) => {
    const { items, position } = pageOf(store.keys(scope), ({ id }) => id, Limit, Marker)
    return { Keys: items.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), ...position }
  },
)

function metadataOf(key: KeyRecord, { accountId }: Scope): Answer {
  return {
    AWSAccountId: accountId,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createdAt / 1000,
    Enabled: true,
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  }
}

function cannotMake(what: string): KmsError {
  return new KmsError(
    'UnsupportedOperationException',
    `LocalKms makes single-Region symmetric encryption keys only: ${what} is not supported.`,
  )
}
