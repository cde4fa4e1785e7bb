import { accountId, call, homeRegion, otherRegion, unknownKey, type Topic } from '../call.ts'

const listRegion = 'ca-central-1'
const aliasArn = (name: string) => `arn:aws:kms:${homeRegion}:${accountId}:${name}`

export const aliases: Topic = {
  title: 'Aliases',
  calls: [
    call('CreateAlias', 'for a key id', { AliasName: 'alias/orders', TargetKeyId: '$keyId' }),
    call('CreateAlias', 'for a key ARN', { AliasName: 'alias/shop/eu', TargetKeyId: '$keyArn' }),
    call('CreateAlias', 'one that exists', { AliasName: 'alias/orders', TargetKeyId: '$keyId' }),
    call('CreateAlias', 'without its prefix', { AliasName: 'orders', TargetKeyId: '$spareKeyId' }),
    call('CreateAlias', 'with its prefix only', {
      AliasName: 'alias/',
      TargetKeyId: '$spareKeyId',
    }),
    call('CreateAlias', 'of AWS', { AliasName: 'alias/aws/s3', TargetKeyId: '$spareKeyId' }),
    call('CreateAlias', 'a prefix of AWS', {
      AliasName: 'alias/aws/mine',
      TargetKeyId: '$spareKeyId',
    }),
    call('CreateAlias', 'a wrong character', {
      AliasName: 'alias/a b',
      TargetKeyId: '$spareKeyId',
    }),
    call('CreateAlias', 'a name that is too long', {
      AliasName: `alias/${'x'.repeat(251)}`,
      TargetKeyId: '$spareKeyId',
    }),
    call('CreateAlias', 'for an alias', {
      AliasName: 'alias/second',
      TargetKeyId: 'alias/orders',
    }),
    call('CreateAlias', 'for an unknown key', {
      AliasName: 'alias/second',
      TargetKeyId: unknownKey,
    }),
    call(
      'CreateAlias',
      'for a key of another region',
      { AliasName: 'alias/second', TargetKeyId: '$keyArn' },
      { region: otherRegion },
    ),
    call('DescribeKey', 'by alias', { KeyId: 'alias/orders' }),
    call('DescribeKey', 'by alias ARN', { KeyId: aliasArn('alias/orders') }),
    call(
      'DescribeKey',
      'by alias in a region without it',
      { KeyId: 'alias/orders' },
      { region: otherRegion },
    ),
    call('DescribeKey', 'by an alias in capitals', { KeyId: 'alias/ORDERS' }),
    call('ListAliases', 'of a key', { KeyId: '$keyId' }),
    call('ListAliases', 'of an unknown key', { KeyId: unknownKey }),
    call('ListAliases', 'of a region without aliases', {}, { region: listRegion }),
    ...(['first', 'second'] as const).map((which) =>
      call(
        'CreateKey',
        `the ${which} for an alias of a region`,
        {},
        { region: listRegion, remember: { [`${which}KeyId`]: 'KeyMetadata.KeyId' } },
      ),
    ),
    call(
      'CreateAlias',
      'the first of a region',
      { AliasName: 'alias/one', TargetKeyId: '$firstKeyId' },
      { region: listRegion },
    ),
    call(
      'CreateAlias',
      'the second of a region',
      { AliasName: 'alias/two', TargetKeyId: '$secondKeyId' },
      { region: listRegion },
    ),
    call('ListAliases', 'of a key of a region', { KeyId: '$secondKeyId' }, { region: listRegion }),
    call('ListAliases', 'a page of one', { Limit: 1 }, { region: listRegion }),
    call('ListAliases', 'a wrong marker', { Marker: 'nowhere' }, { region: listRegion }),
    call(
      'CreateKey',
      'to move an alias to',
      {},
      { remember: { newKeyId: 'KeyMetadata.KeyId', newKeyArn: 'KeyMetadata.Arn' } },
    ),
    call(
      'Encrypt',
      'under an alias before it moves',
      { KeyId: 'alias/orders', Plaintext: '$plaintext' },
      { remember: { beforeMove: 'CiphertextBlob' } },
    ),
    call('UpdateAlias', 'to another key', {
      AliasName: 'alias/orders',
      TargetKeyId: '$newKeyId',
    }),
    call('DescribeKey', 'by an alias that has moved', { KeyId: 'alias/orders' }),
    call('Encrypt', 'under an alias after it has moved', {
      KeyId: 'alias/orders',
      Plaintext: '$plaintext',
    }),
    call('Decrypt', 'what was encrypted before the alias moved', { CiphertextBlob: '$beforeMove' }),
    call('Decrypt', 'by an alias that has moved since', {
      CiphertextBlob: '$beforeMove',
      KeyId: 'alias/orders',
    }),
    call('UpdateAlias', 'to the key that it has', {
      AliasName: 'alias/orders',
      TargetKeyId: '$newKeyId',
    }),
    call('UpdateAlias', 'an unknown one', { AliasName: 'alias/nobody', TargetKeyId: '$keyId' }),
    call('UpdateAlias', 'to an unknown key', {
      AliasName: 'alias/orders',
      TargetKeyId: unknownKey,
    }),
    call(
      'CreateKey',
      'of another type than that of an alias',
      { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
      { remember: { otherTypeKeyId: 'KeyMetadata.KeyId' } },
    ),
    call('UpdateAlias', 'to a key of another type', {
      AliasName: 'alias/orders',
      TargetKeyId: '$otherTypeKeyId',
    }),
    call('DeleteAlias', 'one that exists', { AliasName: 'alias/orders' }),
    call('DescribeKey', 'by a deleted alias', { KeyId: 'alias/orders' }),
    call('DeleteAlias', 'a deleted one', { AliasName: 'alias/orders' }),
    call('DeleteAlias', 'without its prefix', { AliasName: 'orders' }),
  ],
}
