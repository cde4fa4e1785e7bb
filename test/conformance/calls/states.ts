import { accountId, call, unknownKey, type Topic } from '../call.ts'

const key = { KeyId: '$stateKeyId' }
const encrypt = { ...key, Plaintext: '$plaintext' }
const grant = {
  ...key,
  GranteePrincipal: `arn:aws:iam::${accountId}:user/reader`,
  Operations: ['Decrypt'],
}
const decrypt = { CiphertextBlob: '$stateCiphertext' }

export const states: Topic = {
  title: 'Key states and deletion',
  calls: [
    call(
      'CreateKey',
      'to disable and delete',
      {},
      { remember: { stateKeyId: 'KeyMetadata.KeyId', stateKeyArn: 'KeyMetadata.Arn' } },
    ),
    call('Encrypt', 'under a key that is enabled', encrypt, {
      remember: { stateCiphertext: 'CiphertextBlob' },
    }),
    call('EnableKey', 'one that is enabled', key),
    call('DisableKey', 'by key id', key),
    call('DescribeKey', 'disabled', key),
    call('Encrypt', 'under a disabled key', encrypt),
    call('Decrypt', 'under a disabled key', decrypt),
    call('ReEncrypt', 'from a disabled key', { ...decrypt, DestinationKeyId: '$keyId' }),
    call('ReEncrypt', 'to a disabled key', {
      CiphertextBlob: '$ciphertext',
      DestinationKeyId: '$stateKeyId',
    }),
    call('GenerateDataKey', 'under a disabled key', { ...key, KeySpec: 'AES_256' }),
    call('GenerateDataKeyWithoutPlaintext', 'under a disabled key', {
      ...key,
      KeySpec: 'AES_256',
    }),
    call('CreateGrant', 'on a disabled key', grant),
    call('TagResource', 'of a disabled key', { ...key, Tags: [{ TagKey: 'a', TagValue: '1' }] }),
    call('CreateAlias', 'for a disabled key', {
      AliasName: 'alias/resting',
      TargetKeyId: '$stateKeyId',
    }),
    call('UpdateKeyDescription', 'of a disabled key', { ...key, Description: 'resting' }),
    call('DisableKey', 'one that is disabled', key),
    call('DisableKey', 'by alias', { KeyId: 'alias/shop/eu' }),
    call('DisableKey', 'an unknown key', { KeyId: unknownKey }),
    call('EnableKey', 'by key id', key),
    call('Decrypt', 'under a key that is enabled again', decrypt),
    call('DisableKey', 'by key ARN', { KeyId: '$stateKeyArn' }),
    call('EnableKey', 'by key ARN', { KeyId: '$stateKeyArn' }),
    call('ScheduleKeyDeletion', 'in 6 days', { ...key, PendingWindowInDays: 6 }),
    call('ScheduleKeyDeletion', 'in 31 days', { ...key, PendingWindowInDays: 31 }),
    call('ScheduleKeyDeletion', 'in 7 days', { ...key, PendingWindowInDays: 7 }),
    call('DescribeKey', 'pending deletion', key),
    call('Encrypt', 'under a key that is pending deletion', encrypt),
    call('Decrypt', 'under a key that is pending deletion', decrypt),
    call('GenerateDataKey', 'under a key that is pending deletion', {
      ...key,
      KeySpec: 'AES_256',
    }),
    call('ReEncrypt', 'to a key that is pending deletion', {
      CiphertextBlob: '$ciphertext',
      DestinationKeyId: '$stateKeyId',
    }),
    call('CreateGrant', 'on a key that is pending deletion', grant),
    call('TagResource', 'of a key that is pending deletion', {
      ...key,
      Tags: [{ TagKey: 'b', TagValue: '2' }],
    }),
    call('UntagResource', 'of a key that is pending deletion', { ...key, TagKeys: ['a'] }),
    call('ListGrants', 'of a key that is pending deletion', key),
    call('ListResourceTags', 'of a key that is pending deletion', key),
    call('UpdateAlias', 'to a key that is pending deletion', {
      AliasName: 'alias/resting',
      TargetKeyId: '$stateKeyId',
    }),
    call('EnableKey', 'one that is pending deletion', key),
    call('DisableKey', 'one that is pending deletion', key),
    call('ScheduleKeyDeletion', 'of a key that is pending deletion', key),
    call('CreateAlias', 'for a key that is pending deletion', {
      AliasName: 'alias/late',
      TargetKeyId: '$stateKeyId',
    }),
    call('UpdateKeyDescription', 'of a key that is pending deletion', {
      ...key,
      Description: 'gone',
    }),
    call('CancelKeyDeletion', 'by key id', key),
    call('DescribeKey', 'after its deletion was cancelled', key),
    call('Encrypt', 'after the deletion of the key was cancelled', encrypt),
    call('CancelKeyDeletion', 'of a key that is not pending deletion', key),
    call('EnableKey', 'after its deletion was cancelled', key),
    call('Decrypt', 'under a key whose deletion was cancelled', decrypt),
    call('ScheduleKeyDeletion', 'by key ARN, with no date', { KeyId: '$stateKeyArn' }),
    call('CancelKeyDeletion', 'of an unknown key', {
      KeyId: unknownKey,
    }),
    call('ScheduleKeyDeletion', 'of an unknown key', {
      KeyId: unknownKey,
    }),
  ],
}
