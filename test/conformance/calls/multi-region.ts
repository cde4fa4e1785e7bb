import { accountId, call, otherRegion, type Topic } from '../call.ts'

const there = { region: otherRegion }

export const multiRegion: Topic = {
  title: 'Multi-Region keys',
  calls: [
    call(
      'CreateKey',
      'a multi-Region primary key',
      { MultiRegion: true, Description: 'everywhere' },
      { remember: { primaryId: 'KeyMetadata.KeyId', primaryArn: 'KeyMetadata.Arn' } },
    ),
    call(
      'Encrypt',
      'under a primary key',
      { KeyId: '$primaryId', Plaintext: '$plaintext', EncryptionContext: { purpose: 'orders' } },
      { remember: { primaryCiphertext: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'under a primary key', {
      CiphertextBlob: '$primaryCiphertext',
      EncryptionContext: { purpose: 'orders' },
    }),
    call('DescribeKey', 'a primary key where it has no replica', { KeyId: '$primaryId' }, there),
    call(
      'ReplicateKey',
      'to another region',
      { KeyId: '$primaryId', ReplicaRegion: otherRegion, Description: 'copy' },
      { remember: { replicaArn: 'ReplicaKeyMetadata.Arn' } },
    ),
    call('ReplicateKey', 'to a region that has a replica', {
      KeyId: '$primaryId',
      ReplicaRegion: otherRegion,
    }),
    call('ReplicateKey', 'to its own region', {
      KeyId: '$primaryId',
      ReplicaRegion: 'us-east-1',
    }),
    call('ReplicateKey', 'a key of one region', { KeyId: '$keyId', ReplicaRegion: otherRegion }),
    call(
      'ReplicateKey',
      'a replica key',
      { KeyId: '$primaryId', ReplicaRegion: 'eu-central-1' },
      there,
    ),
    call('ReplicateKey', 'by key ARN', {
      KeyId: '$primaryArn',
      ReplicaRegion: 'eu-central-1',
      Tags: [{ TagKey: 'team', TagValue: 'shop' }],
    }),
    call('DescribeKey', 'a primary key', { KeyId: '$primaryArn' }),
    call('DescribeKey', 'a replica key', { KeyId: '$primaryId' }, there),
    call(
      'Decrypt',
      'in the region of the replica',
      { CiphertextBlob: '$primaryCiphertext', EncryptionContext: { purpose: 'orders' } },
      there,
    ),
    call(
      'Decrypt',
      'with the ARN of the replica',
      {
        CiphertextBlob: '$primaryCiphertext',
        EncryptionContext: { purpose: 'orders' },
        KeyId: `arn:aws:kms:${otherRegion}:${accountId}:key/$primaryId`,
      },
      there,
    ),
    call(
      'GenerateDataKey',
      'under a replica key',
      { KeyId: '$primaryId', KeySpec: 'AES_256' },
      { ...there, remember: { replicaDataKey: 'Plaintext', replicaCiphertext: 'CiphertextBlob' } },
    ),
    call('Decrypt', 'under the primary key what a replica key has encrypted', {
      CiphertextBlob: '$replicaCiphertext',
    }),
    call(
      'UpdateKeyDescription',
      'of a replica key',
      { KeyId: '$primaryId', Description: 'reading room' },
      there,
    ),
    call('DescribeKey', 'a primary key whose replica has a new description', {
      KeyId: '$primaryId',
    }),
    call('DisableKey', 'a replica key', { KeyId: '$primaryId' }, there),
    call('DescribeKey', 'a primary key whose replica is disabled', { KeyId: '$primaryId' }),
    call('EnableKey', 'a replica key', { KeyId: '$primaryId' }, there),
    call('ScheduleKeyDeletion', 'of a primary key with replicas', { KeyId: '$primaryId' }),
    call('DescribeKey', 'a primary key that waits for its replicas', { KeyId: '$primaryId' }),
    call('CancelKeyDeletion', 'of a primary key with replicas', { KeyId: '$primaryId' }),
    call('EnableKey', 'a primary key', { KeyId: '$primaryId' }),
    call('UpdatePrimaryRegion', 'to a region without a replica', {
      KeyId: '$primaryId',
      PrimaryRegion: 'ap-south-1',
    }),
    call('UpdatePrimaryRegion', 'of a key of one region', {
      KeyId: '$keyId',
      PrimaryRegion: otherRegion,
    }),
    call('UpdatePrimaryRegion', 'to the region of a replica', {
      KeyId: '$primaryId',
      PrimaryRegion: otherRegion,
    }),
    call('DescribeKey', 'a replica key that is now the primary', { KeyId: '$primaryId' }, there),
    call('DescribeKey', 'a primary key that is now a replica', { KeyId: '$primaryId' }),
    call(
      'CreateKey',
      'a multi-Region ECC key',
      { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT', MultiRegion: true },
      { remember: { eccPrimaryId: 'KeyMetadata.KeyId' } },
    ),
    call(
      'GetPublicKey',
      'of a multi-Region ECC key',
      { KeyId: '$eccPrimaryId' },
      { remember: { eccPrimaryPublic: 'PublicKey' } },
    ),
    call('ReplicateKey', 'of an ECC key', { KeyId: '$eccPrimaryId', ReplicaRegion: otherRegion }),
    call('GetPublicKey', 'of the replica of an ECC key', { KeyId: '$eccPrimaryId' }, there),
    call(
      'CreateKey',
      'a multi-Region HMAC key',
      { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC', MultiRegion: true },
      { remember: { hmacPrimaryId: 'KeyMetadata.KeyId' } },
    ),
    call(
      'GenerateMac',
      'under a multi-Region key',
      { KeyId: '$hmacPrimaryId', Message: '$plaintext', MacAlgorithm: 'HMAC_SHA_256' },
      { remember: { primaryMac: 'Mac' } },
    ),
    call('ReplicateKey', 'of an HMAC key', { KeyId: '$hmacPrimaryId', ReplicaRegion: otherRegion }),
    call(
      'VerifyMac',
      'under the replica of an HMAC key',
      {
        KeyId: '$hmacPrimaryId',
        Message: '$plaintext',
        MacAlgorithm: 'HMAC_SHA_256',
        Mac: '$primaryMac',
      },
      there,
    ),
  ],
}
