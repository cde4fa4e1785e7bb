import { z } from 'zod'
import { manageable, requireState } from '../key-checks.ts'
import { factsOf, isKeySpec, keyUsages, type KeySpec } from '../key-specs.ts'
import { KmsError } from '../kms-error.ts'
import { description, grantTokens, keyId, limit, marker, unsupported } from '../members.ts'
import { createKey } from '../new-key.ts'
import { pageOf } from '../paging.ts'
import { resolveKey, resolveKeyButNoAlias } from '../resolve-key.ts'
import { tags } from '../tags.ts'
import { metadataOf } from './metadata.ts'
import { operation } from './operation.ts'
import { policy } from './policies.ts'

/** Those of KMS that LocalKms does not have are refused by name. */
const anyUsages = [...keyUsages, 'SIGN_VERIFY', 'ENCAPSULATE_DECAPSULATE'] as const
type AnyUsage = (typeof anyUsages)[number]

/** What KMS has for each spec; LocalKms has one usage of each at most. */
const usagesOfSpec = {
  SYMMETRIC_DEFAULT: ['ENCRYPT_DECRYPT'],
  RSA_2048: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
  RSA_3072: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
  RSA_4096: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
  ECC_NIST_P256: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
  ECC_NIST_P384: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
  ECC_NIST_P521: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
  ECC_SECG_P256K1: ['SIGN_VERIFY'],
  ECC_NIST_EDWARDS25519: ['SIGN_VERIFY'],
  HMAC_224: ['GENERATE_VERIFY_MAC'],
  HMAC_256: ['GENERATE_VERIFY_MAC'],
  HMAC_384: ['GENERATE_VERIFY_MAC'],
  HMAC_512: ['GENERATE_VERIFY_MAC'],
  ML_DSA_44: ['SIGN_VERIFY'],
  ML_DSA_65: ['SIGN_VERIFY'],
  ML_DSA_87: ['SIGN_VERIFY'],
  ML_KEM_512: ['ENCAPSULATE_DECAPSULATE'],
  ML_KEM_768: ['ENCAPSULATE_DECAPSULATE'],
  ML_KEM_1024: ['ENCAPSULATE_DECAPSULATE'],
  SM2: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'KEY_AGREEMENT'],
} as const satisfies Record<string, readonly AnyUsage[]>
type AnySpec = keyof typeof usagesOfSpec

const keySpec = z.enum(Object.keys(usagesOfSpec) as AnySpec[])
const origin = z.enum(['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'])

const createKeyRequest = z.object({
  Description: description.optional(),
  KeySpec: keySpec.optional(),
  CustomerMasterKeySpec: keySpec.optional(),
  KeyUsage: z.enum(anyUsages).optional(),
  Origin: origin.default('AWS_KMS'),
  MultiRegion: z.boolean().default(false),
  Tags: tags.optional(),
  Policy: policy.optional(),
  CustomKeyStoreId: unsupported('custom key stores'),
  XksKeyId: unsupported('external key stores'),
})

export const CreateKey = operation(createKeyRequest, async (input, environment) => {
  const { Origin } = input
  if (Origin !== 'AWS_KMS' && Origin !== 'EXTERNAL') throw cannotMake(`Origin ${Origin}`)
  const key = await createKey(environment, {
    spec: specOf(input),
    origin: Origin,
    multiRegion: input.MultiRegion,
    description: input.Description,
    tags: input.Tags,
    policy: input.Policy,
  })
  return { KeyMetadata: metadataOf(key, environment.store) }
})

export const DescribeKey = operation(
  z.object({ KeyId: keyId, GrantTokens: grantTokens }),
  ({ KeyId }, { store, scope }) => ({
    KeyMetadata: metadataOf(resolveKey(store, scope, KeyId), store),
  }),
)

export const ListKeys = operation(
  z.object({ Limit: limit(1000, 100), Marker: marker }),
  ({ Limit, Marker }, { store, scope }) => {
    const { items, position } = pageOf(store.keys(scope), ({ id }) => id, Limit, Marker)
    return { Keys: items.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), ...position }
  },
)

export const UpdateKeyDescription = operation(
  z.object({ KeyId: keyId, Description: description }),
  async ({ KeyId, Description }, { store, scope }) => {
    await store.changeKey(resolveKeyButNoAlias(store, scope, KeyId), (key) => {
      requireState(key, ...manageable)
      return { ...key, description: Description }
    })
    return {}
  },
)

function specOf(input: z.output<typeof createKeyRequest>): KeySpec {
  if (input.KeySpec && input.CustomerMasterKeySpec) {
    throw new KmsError(
      'ValidationException',
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. ' +
        'CustomerMasterKeySpec is deprecated.',
    )
  }
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'
  const usage = input.KeyUsage ?? (spec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : undefined)
  if (usage === undefined) {
    throw new KmsError(
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    )
  }
  const usages: readonly AnyUsage[] = usagesOfSpec[spec]
  if (!usages.includes(usage)) {
    throw new KmsError(
      'ValidationException',
      `KeyUsage ${usage} is not compatible with KeySpec ${spec}`,
    )
  }
  if (!isKeySpec(spec)) throw cannotMake(`KeySpec ${spec}`)
  if (factsOf(spec).usage !== usage) throw cannotMake(`KeyUsage ${usage}`)
  return spec
}

function cannotMake(what: string): KmsError {
  return new KmsError('UnsupportedOperationException', `LocalKms does not support ${what}.`)
}
