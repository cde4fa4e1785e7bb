import { call, otherRegion, unknownKey, type Topic } from '../call.ts'

const key = { KeyId: '$rotatedKeyId' }
const primary = { KeyId: '$rotatedPrimaryId' }
const there = { region: otherRegion }

export const rotation: Topic = {
  title: 'Rotation',
  calls: [
    call(
      'CreateKey',
      'to rotate',
      {},
      { remember: { rotatedKeyId: 'KeyMetadata.KeyId', rotatedKeyArn: 'KeyMetadata.Arn' } },
    ),
    call(
      'Encrypt',
      'before a rotation',
      { ...key, Plaintext: '$plaintext' },
      { remember: { beforeRotation: 'CiphertextBlob' } },
    ),
    call('GetKeyRotationStatus', 'of a key that does not rotate', key),
    call('EnableKeyRotation', 'without a period', key),
    call('GetKeyRotationStatus', 'of a key that rotates', key),
    call('EnableKeyRotation', 'every 180 days', { ...key, RotationPeriodInDays: 180 }),
    call('GetKeyRotationStatus', 'of a key that rotates every 180 days', key),
    call('EnableKeyRotation', 'every 89 days', { ...key, RotationPeriodInDays: 89 }),
    call('EnableKeyRotation', 'every 2561 days', { ...key, RotationPeriodInDays: 2561 }),
    call('DisableKeyRotation', 'by key id', key),
    call('GetKeyRotationStatus', 'of a key that rotates no more', key),
    call('ListKeyRotations', 'of a key that was never rotated', key),
    call('RotateKeyOnDemand', 'by key id', key),
    call('ListKeyRotations', 'of a key that was rotated', key),
    call('ListKeyRotations', 'with the key material', {
      ...key,
      IncludeKeyMaterial: 'ALL_KEY_MATERIAL',
    }),
    call('Decrypt', 'what was encrypted before a rotation', { CiphertextBlob: '$beforeRotation' }),
    call(
      'Encrypt',
      'after a rotation',
      { ...key, Plaintext: '$plaintext' },
      { remember: { afterRotation: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'what was encrypted after a rotation', { CiphertextBlob: '$afterRotation' }),
    call('RotateKeyOnDemand', 'by key ARN', { KeyId: '$rotatedKeyArn' }),
    call('ListKeyRotations', 'a page of one', { ...key, Limit: 1 }),
    call('EnableKeyRotation', 'by alias', { KeyId: 'alias/shop/eu' }),
    call('EnableKeyRotation', 'of an RSA key', { KeyId: '$RSA_2048' }),
    call('RotateKeyOnDemand', 'of an RSA key', { KeyId: '$RSA_2048' }),
    call('GetKeyRotationStatus', 'of an RSA key', { KeyId: '$RSA_2048' }),
    call('GetKeyRotationStatus', 'of an unknown key', {
      KeyId: unknownKey,
    }),
    call('DisableKey', 'one that was rotated', key),
    call('EnableKeyRotation', 'of a disabled key', key),
    call('RotateKeyOnDemand', 'of a disabled key', key),
    call('ScheduleKeyDeletion', 'of a key that was rotated', key),
    call('EnableKeyRotation', 'of a key that is pending deletion', key),
    call('GetKeyRotationStatus', 'of a key that is pending deletion', key),
    call(
      'CreateKey',
      'a multi-Region key to rotate',
      { MultiRegion: true },
      { remember: { rotatedPrimaryId: 'KeyMetadata.KeyId' } },
    ),
    call(
      'Encrypt',
      'under a multi-Region key before a rotation',
      { ...primary, Plaintext: '$plaintext' },
      { remember: { primaryBeforeRotation: 'CiphertextBlob' } },
    ),
    call('ReplicateKey', 'of a key to rotate', { ...primary, ReplicaRegion: otherRegion }),
    call('EnableKeyRotation', 'of a replica key', primary, there),
    call('RotateKeyOnDemand', 'of a replica key', primary, there),
    call('EnableKeyRotation', 'of a primary key', primary),
    call('GetKeyRotationStatus', 'of a replica key whose primary key rotates', primary, there),
    call('RotateKeyOnDemand', 'of a primary key', primary),
    call(
      'Decrypt',
      'under a replica key what was encrypted before a rotation',
      { CiphertextBlob: '$primaryBeforeRotation' },
      there,
    ),
    call(
      'GenerateDataKey',
      'under a replica key after a rotation',
      { ...primary, KeySpec: 'AES_256' },
      { ...there, remember: { rotatedDataKey: 'Plaintext', rotatedWrapped: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'under a primary key what its replica encrypted after a rotation', {
      CiphertextBlob: '$rotatedWrapped',
    }),
  ],
}
