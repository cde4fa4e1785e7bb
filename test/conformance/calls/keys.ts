import { accountId, call, otherRegion, unknownKey, type Topic } from '../call.ts'

const listRegion = 'ap-southeast-2'
export const keys: Topic = {
  title: 'Keys',
  calls: [
    call(
      'CreateKey',
      'without options',
      {},
      { remember: { keyId: 'KeyMetadata.KeyId', keyArn: 'KeyMetadata.Arn' } },
    ),
    call(
      'CreateKey',
      'with every option that describes it',
      {
        Description: 'orders',
        KeySpec: 'SYMMETRIC_DEFAULT',
        KeyUsage: 'ENCRYPT_DECRYPT',
        Origin: 'AWS_KMS',
        MultiRegion: false,
        Tags: [{ TagKey: 'team', TagValue: 'shop' }],
      },
      { remember: { spareKeyId: 'KeyMetadata.KeyId' } },
    ),
    call('CreateKey', 'CustomerMasterKeySpec instead of KeySpec', {
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    }),
    call('CreateKey', 'KeySpec and CustomerMasterKeySpec', {
      KeySpec: 'SYMMETRIC_DEFAULT',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    }),
    call('CreateKey', 'an unknown KeySpec', { KeySpec: 'AES_512', KeyUsage: 'ENCRYPT_DECRYPT' }),
    call('CreateKey', 'an unknown KeyUsage', { KeyUsage: 'ENCRYPT' }),
    call('CreateKey', 'a description that is too long', { Description: 'x'.repeat(8193) }),
    call('CreateKey', 'a symmetric key for MACs', { KeyUsage: 'GENERATE_VERIFY_MAC' }),
    call('CreateKey', 'RSA without KeyUsage', { KeySpec: 'RSA_2048' }),
    call('CreateKey', 'RSA for key agreement', {
      KeySpec: 'RSA_2048',
      KeyUsage: 'KEY_AGREEMENT',
    }),
    call('CreateKey', 'HMAC for encryption', { KeySpec: 'HMAC_256', KeyUsage: 'ENCRYPT_DECRYPT' }),
    call('CreateKey', 'a tag key twice', {
      Tags: [
        { TagKey: 'team', TagValue: 'shop' },
        { TagKey: 'team', TagValue: 'bank' },
      ],
    }),
    call('CreateKey', 'a tag key of AWS', { Tags: [{ TagKey: 'aws:team', TagValue: 'shop' }] }),
    call('CreateKey', 'a policy that is no JSON', { Policy: 'none' }),
    call('DescribeKey', 'by key id', { KeyId: '$keyId' }),
    call('DescribeKey', 'by key ARN', { KeyId: '$keyArn' }),
    call('DescribeKey', 'an unknown key id', { KeyId: unknownKey }),
    call('DescribeKey', 'an unknown key ARN', {
      KeyId: `arn:aws:kms:us-east-1:${accountId}:key/${unknownKey}`,
    }),
    call('DescribeKey', 'no key id', { KeyId: 'orders' }),
    call('DescribeKey', 'an unknown alias', { KeyId: 'alias/nobody' }),
    call('DescribeKey', 'an ARN of another service', { KeyId: 'arn:aws:s3:::orders' }),
    call('DescribeKey', 'an empty KeyId', { KeyId: '' }),
    call('DescribeKey', 'without KeyId', {}),
    call('DescribeKey', 'a key id of another region', { KeyId: '$keyId' }, { region: otherRegion }),
    call(
      'DescribeKey',
      'a key ARN of another region',
      { KeyId: '$keyArn' },
      { region: otherRegion },
    ),
    call('UpdateKeyDescription', 'by key id', { KeyId: '$keyId', Description: 'invoices' }),
    call('DescribeKey', 'with a new description', { KeyId: '$keyId' }),
    call('UpdateKeyDescription', 'an unknown key', { KeyId: unknownKey, Description: 'invoices' }),
    call('UpdateKeyDescription', 'an alias', { KeyId: 'alias/orders', Description: 'invoices' }),
    call('UpdateKeyDescription', 'one that is too long', {
      KeyId: '$spareKeyId',
      Description: 'x'.repeat(8193),
    }),
    call('ListKeys', 'a region without keys', {}, { region: listRegion }),
    call('CreateKey', 'the first of a region', {}, { region: listRegion }),
    call('CreateKey', 'the second of a region', {}, { region: listRegion }),
    call('ListKeys', 'all of a region', {}, { region: listRegion }),
    call(
      'ListKeys',
      'a page of one',
      { Limit: 1 },
      {
        region: listRegion,
        remember: { pageOneKeyId: 'Keys.0.KeyId', marker: 'NextMarker' },
      },
    ),
    call('ListKeys', 'the next page', { Limit: 1, Marker: '$marker' }, { region: listRegion }),
    call('ListKeys', 'a wrong marker', { Marker: 'nowhere' }, { region: listRegion }),
    call('ListKeys', 'a page of none', { Limit: 0 }, { region: listRegion }),
    call('ListKeys', 'a page of 1001', { Limit: 1001 }, { region: listRegion }),
  ],
}

export const policies: Topic = {
  title: 'Key policies',
  calls: [
    call('GetKeyPolicy', 'the default policy', { KeyId: '$keyId', PolicyName: 'default' }),
    call('PutKeyPolicy', 'a new one', {
      KeyId: '$keyId',
      PolicyName: 'default',
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${accountId}:root` },
            Action: 'kms:*',
            Resource: '*',
          },
        ],
      }),
    }),
    call('GetKeyPolicy', 'the new one', { KeyId: '$keyId', PolicyName: 'default' }),
    call('GetKeyPolicy', 'another name', { KeyId: '$keyId', PolicyName: 'mine' }),
    call('PutKeyPolicy', 'no JSON', { KeyId: '$keyId', PolicyName: 'default', Policy: 'none' }),
    call('ListKeyPolicies', 'of a key', { KeyId: '$keyId' }),
    call('ListKeyPolicies', 'of an unknown key', { KeyId: unknownKey }),
  ],
}
