import { accountId, call, unknownKey, type Topic } from '../call.ts'

const grantee = `arn:aws:iam::${accountId}:user/reader`
const retiring = `arn:aws:iam::${accountId}:user/owner`
const grant = { KeyId: '$keyId', GranteePrincipal: grantee }
/** For what KMS refuses, so that what moto makes of it is in no list. */
const spare = { ...grant, KeyId: '$spareKeyId' }

export const grants: Topic = {
  title: 'Grants',
  calls: [
    call('ListGrants', 'of a key without grants', { KeyId: '$keyId' }),
    call(
      'CreateGrant',
      'with a name, a retiring principal and constraints',
      {
        ...grant,
        RetiringPrincipal: retiring,
        Operations: ['Decrypt', 'GenerateDataKey'],
        Name: 'reader',
        Constraints: { EncryptionContextSubset: { purpose: 'orders' } },
      },
      { remember: { grantId: 'GrantId', grantToken: 'GrantToken' } },
    ),
    call('CreateGrant', 'the same once more', {
      ...grant,
      RetiringPrincipal: retiring,
      Operations: ['Decrypt', 'GenerateDataKey'],
      Name: 'reader',
      Constraints: { EncryptionContextSubset: { purpose: 'orders' } },
    }),
    call('ListGrants', 'of a key', { KeyId: '$keyId' }),
    call('ListGrants', 'by grant id', { KeyId: '$keyId', GrantId: '$grantId' }),
    call('ListGrants', 'by an unknown grant id', { KeyId: '$keyId', GrantId: 'f'.repeat(64) }),
    call('ListGrants', 'by grantee', { KeyId: '$keyId', GranteePrincipal: retiring }),
    call('ListRetirableGrants', 'of a principal', { RetiringPrincipal: retiring }),
    call('ListRetirableGrants', 'of a principal without any', { RetiringPrincipal: grantee }),
    call(
      'CreateGrant',
      'by key ARN',
      { ...grant, KeyId: '$keyArn', Operations: ['Encrypt'] },
      { remember: { secondGrantId: 'GrantId', secondGrantToken: 'GrantToken' } },
    ),
    call('Encrypt', 'with a grant token', {
      KeyId: '$keyId',
      Plaintext: '$plaintext',
      GrantTokens: ['$secondGrantToken'],
    }),
    call('Encrypt', 'with a malformed grant token', {
      KeyId: '$keyId',
      Plaintext: '$plaintext',
      GrantTokens: ['none'],
    }),
    call('Encrypt', 'with 11 grant tokens', {
      KeyId: '$keyId',
      Plaintext: '$plaintext',
      GrantTokens: Array.from({ length: 11 }, () => '$secondGrantToken'),
    }),
    call('CreateGrant', 'without operations', spare),
    call('CreateGrant', 'of an unknown operation', { ...spare, Operations: ['Everything'] }),
    call('CreateGrant', 'of an operation that the key has not', {
      ...spare,
      Operations: ['GenerateMac'],
    }),
    call('CreateGrant', 'for nobody', { KeyId: '$spareKeyId', Operations: ['Decrypt'] }),
    call('CreateGrant', 'under an unknown key', {
      ...grant,
      KeyId: unknownKey,
      Operations: ['Decrypt'],
    }),
    call('CreateGrant', 'under an alias', {
      ...grant,
      KeyId: 'alias/shop/eu',
      Operations: ['Decrypt'],
    }),
    call('CreateGrant', 'a dry run', { ...spare, Operations: ['Decrypt'], DryRun: true }),
    call('RevokeGrant', 'a dry run', { KeyId: '$keyId', GrantId: '$grantId', DryRun: true }),
    call('RevokeGrant', 'by grant id', { KeyId: '$keyId', GrantId: '$grantId' }),
    call('RevokeGrant', 'one that was revoked', { KeyId: '$keyId', GrantId: '$grantId' }),
    call('RetireGrant', 'a dry run', { GrantToken: '$secondGrantToken', DryRun: true }),
    call('RetireGrant', 'by its token', { GrantToken: '$secondGrantToken' }),
    call('RetireGrant', 'by a token of a grant that was retired', {
      GrantToken: '$secondGrantToken',
    }),
    call(
      'CreateGrant',
      'to retire by its id',
      { ...grant, Operations: ['Encrypt'] },
      { remember: { thirdGrantId: 'GrantId' } },
    ),
    call('RetireGrant', 'by key ARN and grant id', { KeyId: '$keyArn', GrantId: '$thirdGrantId' }),
    call('RetireGrant', 'by the id of a grant that was retired', {
      KeyId: '$keyArn',
      GrantId: '$thirdGrantId',
    }),
    call('RetireGrant', 'nothing named', {}),
    call('RevokeGrant', 'of an unknown key', { KeyId: unknownKey, GrantId: '$grantId' }),
    call('ListGrants', 'of a key whose grants are gone', { KeyId: '$keyId' }),
  ],
}
