import {
  AlreadyExistsException,
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  InvalidArnException,
  InvalidMarkerException,
  ListAliasesCommand,
  ListKeysCommand,
  NotFoundException,
  paginateListAliases,
  paginateListKeys,
  UnsupportedOperationException,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { EnvelopeError, InvalidArgumentError } from '../../../src/errors.ts'
import { containing, rejection, start } from './harness.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const absentId = '00000000-0000-4000-8000-000000000000'

describe('keys', () => {
  it('are made and described as KMS does', async () => {
    const { client } = await start({ region: 'eu-west-1', accountId: '123456789012' })
    const before = Date.now()
    const { KeyMetadata: made } = await client.send(new CreateKeyCommand({ Description: 'orders' }))
    expect(made?.KeyId).toMatch(uuid)
    expect(made).toMatchObject({
      AWSAccountId: '123456789012',
      Arn: `arn:aws:kms:eu-west-1:123456789012:key/${made?.KeyId}`,
      Description: 'orders',
      Enabled: true,
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyState: 'Enabled',
      KeyUsage: 'ENCRYPT_DECRYPT',
      MultiRegion: false,
      Origin: 'AWS_KMS',
    })
    expect(made?.CreationDate?.getTime()).toBeGreaterThanOrEqual(before)
    expect(made?.CreationDate?.getTime()).toBeLessThanOrEqual(Date.now())
    const described = await client.send(new DescribeKeyCommand({ KeyId: made?.KeyId }))
    expect(described.KeyMetadata).toEqual(made)
  })

  it('are found by id, ARN, alias name and alias ARN', async () => {
    const { kms, client } = await start()
    const arn = await kms.createKey({ alias: 'alias/orders' })
    const prefix = 'arn:aws:kms:us-east-1:000000000000:'
    for (const KeyId of [
      arn,
      arn.slice(arn.indexOf('/') + 1),
      'alias/orders',
      `${prefix}alias/orders`,
    ]) {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
      expect(KeyMetadata?.Arn).toBe(arn)
    }
  })

  it.each([
    [absentId, `Key 'arn:aws:kms:us-east-1:000000000000:key/${absentId}' does not exist`],
    ['nonsense', "Invalid keyId 'nonsense'"],
    ['__proto__', "Invalid keyId '__proto__'"],
    ['alias/absent', 'Alias arn:aws:kms:us-east-1:000000000000:alias/absent is not found.'],
    [`arn:aws:kms:eu-west-1:000000000000:key/${absentId}`, 'Invalid arn eu-west-1'],
    [
      `arn:aws:kms:us-east-1:111111111111:key/${absentId}`,
      `Key 'arn:aws:kms:us-east-1:111111111111:key/${absentId}' does not exist`,
    ],
    ['arn:aws:kms:us-east-1:000000000000:key/nonsense', 'Invalid keyId nonsense'],
    ['arn:aws:s3:::bucket', 'Invalid arn arn:aws:s3:::bucket'],
  ])('%s is not found', async (KeyId, message) => {
    const { client } = await start()
    const error = await rejection(client.send(new DescribeKeyCommand({ KeyId })))
    expect(error).toBeInstanceOf(NotFoundException)
    expect(error).toMatchObject({ message, $metadata: { httpStatusCode: 400 } })
  })

  it("of this server are not found by another region's or account's ARN", async () => {
    const { kms, client } = await start()
    const arn = await kms.createKey({ alias: 'alias/orders' })
    for (const KeyId of [
      arn.replace('us-east-1', 'eu-west-1'),
      arn.replace('000000000000', '111111111111'),
      'arn:aws:kms:us-east-1:111111111111:alias/orders',
    ]) {
      const error = await rejection(client.send(new DescribeKeyCommand({ KeyId })))
      expect(error).toBeInstanceOf(NotFoundException)
    }
  })

  it.each([
    [{ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' } as const, 'KeyUsage SIGN_VERIFY'],
    [{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } as const, 'KeyUsage SIGN_VERIFY'],
    [{ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' } as const, 'KeySpec ML_DSA_44'],
    [{ KeySpec: 'ML_KEM_768', KeyUsage: 'ENCAPSULATE_DECAPSULATE' } as const, 'KeySpec ML_KEM_768'],
    [{ CustomerMasterKeySpec: 'SM2', KeyUsage: 'KEY_AGREEMENT' } as const, 'KeySpec SM2'],
    [{ Origin: 'AWS_CLOUDHSM' } as const, 'Origin AWS_CLOUDHSM'],
    [{ CustomKeyStoreId: 'cks-1' }, 'custom key stores'],
  ])('of another kind are refused: %o', async (input, named) => {
    const { client } = await start()
    const error = await rejection(client.send(new CreateKeyCommand(input)))
    expect(error).toBeInstanceOf(UnsupportedOperationException)
    expect(error).toMatchObject({ message: containing(named) })
  })

  it.each([
    ['SYMMETRIC_DEFAULT', 'SIGN_VERIFY'],
    ['RSA_2048', 'KEY_AGREEMENT'],
    ['ECC_NIST_P256', 'ENCRYPT_DECRYPT'],
    ['ECC_SECG_P256K1', 'KEY_AGREEMENT'],
    ['HMAC_256', 'ENCRYPT_DECRYPT'],
  ] as const)('need a usage that fits the spec: %s and not %s', async (KeySpec, KeyUsage) => {
    const { client } = await start()
    const error = await rejection(client.send(new CreateKeyCommand({ KeySpec, KeyUsage })))
    expect(error).toMatchObject({
      name: 'ValidationException',
      message: `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`,
    })
  })

  it('need a usage, where they are not symmetric', async () => {
    const { client } = await start()
    for (const KeySpec of ['RSA_2048', 'ECC_NIST_P256', 'HMAC_256'] as const) {
      const error = await rejection(client.send(new CreateKeyCommand({ KeySpec })))
      expect(error).toMatchObject({
        name: 'ValidationException',
        message: containing('must specify a KeyUsage'),
      })
    }
  })

  it('are listed page by page', async () => {
    const { kms, client } = await start()
    const made: string[] = []
    for (let i = 0; i < 7; i++) made.push(await kms.createKey())
    const pages: number[] = []
    const listed: unknown[] = []
    for await (const { Keys } of paginateListKeys({ client, pageSize: 3 }, {})) {
      pages.push(Keys?.length ?? 0)
      listed.push(...(Keys ?? []).map(({ KeyArn }) => KeyArn))
    }
    expect(pages).toEqual([3, 3, 1])
    expect(listed).toEqual([...made].sort())
    const all = await client.send(new ListKeysCommand({ Limit: 7 }))
    expect(all.Truncated).toBe(false)
    expect(all.NextMarker).toBeUndefined()
  })

  it('are not listed from a marker of somebody else, nor beyond the limit', async () => {
    const { client } = await start()
    const error = await rejection(client.send(new ListKeysCommand({ Marker: 'bm9uc2Vuc2U' })))
    expect(error).toBeInstanceOf(InvalidMarkerException)
    await expect(client.send(new ListKeysCommand({ Limit: 1001 }))).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: " +
        'Member must have value less than or equal to 1000',
    })
  })
})

describe('aliases', () => {
  it('are made and listed, of all keys or of one', async () => {
    const { kms, client } = await start()
    const [first, second] = [await kms.createKey(), await kms.createKey()]
    const firstId = first.slice(first.indexOf('/') + 1)
    await client.send(new CreateAliasCommand({ AliasName: 'alias/b', TargetKeyId: first }))
    await client.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: firstId }))
    await client.send(new CreateAliasCommand({ AliasName: 'alias/c/d_e', TargetKeyId: second }))

    const { Aliases } = await client.send(new ListAliasesCommand({}))
    expect(Aliases?.map(({ AliasName }) => AliasName)).toEqual([
      'alias/a',
      'alias/b',
      'alias/c/d_e',
    ])
    expect(Aliases?.[0]).toMatchObject({
      AliasArn: 'arn:aws:kms:us-east-1:000000000000:alias/a',
      TargetKeyId: firstId,
    })
    expect(Aliases?.[0]?.CreationDate).toBeInstanceOf(Date)
    const ofSecond = await client.send(new ListAliasesCommand({ KeyId: second }))
    expect(ofSecond.Aliases?.map(({ AliasName }) => AliasName)).toEqual(['alias/c/d_e'])

    const paged: unknown[] = []
    for await (const page of paginateListAliases({ client, pageSize: 2 }, {})) {
      paged.push(page.Aliases?.map(({ AliasName }) => AliasName))
    }
    expect(paged).toEqual([['alias/a', 'alias/b'], ['alias/c/d_e']])
  })

  it('are not listed for an alias', async () => {
    const { kms, client } = await start()
    await kms.createKey({ alias: 'alias/a' })
    const error = await rejection(client.send(new ListAliasesCommand({ KeyId: 'alias/a' })))
    expect(error).toBeInstanceOf(InvalidArnException)
  })

  it('exist once', async () => {
    const { kms, client } = await start()
    const arn = await kms.createKey({ alias: 'alias/orders' })
    const again = new CreateAliasCommand({ AliasName: 'alias/orders', TargetKeyId: arn })
    const error = await rejection(client.send(again))
    expect(error).toBeInstanceOf(AlreadyExistsException)
    expect(error).toMatchObject({
      message:
        'An alias with the name arn:aws:kms:us-east-1:000000000000:alias/orders already exists',
    })
  })

  it.each([
    ['orders', 'ValidationException', 'must start with the prefix "alias/"'],
    ['alias/', 'ValidationException', 'must start with the prefix "alias/"'],
    ['alias/a b', 'ValidationException', 'regular expression pattern: ^[a-zA-Z0-9:/_-]+$'],
    [`alias/${'a'.repeat(251)}`, 'ValidationException', 'length less than or equal to 256'],
    ['alias/aws/s3', 'NotAuthorizedException', 'reserved'],
  ])('can not be named %s', async (AliasName, name, message) => {
    const { kms, client } = await start()
    const TargetKeyId = await kms.createKey()
    const error = await rejection(client.send(new CreateAliasCommand({ AliasName, TargetKeyId })))
    expect(error).toMatchObject({ name, message: containing(message) })
  })

  it('need a key that exists, and not an alias', async () => {
    const { kms, client } = await start()
    await kms.createKey({ alias: 'alias/a' })
    const create = (TargetKeyId: string) =>
      rejection(client.send(new CreateAliasCommand({ AliasName: 'alias/b', TargetKeyId })))
    expect(await create(absentId)).toBeInstanceOf(NotFoundException)
    expect(await create('alias/a')).toMatchObject({
      name: 'ValidationException',
      message: 'Aliases must refer to keys. Not aliases',
    })
  })
})

describe('UpdateAlias and DeleteAlias', () => {
  it('move an alias to another key and take it away', async () => {
    const { kms, client } = await start()
    await kms.createKey({ alias: 'alias/orders' })
    const TargetKeyId = await kms.createKey()
    const AliasName = 'alias/orders'
    const list = async () => (await client.send(new ListAliasesCommand({}))).Aliases?.[0]
    const before = await list()
    kms.advanceClock(60_000)
    await client.send(new UpdateAliasCommand({ AliasName, TargetKeyId }))
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: AliasName }))
    expect(KeyMetadata?.Arn).toBe(TargetKeyId)
    const after = await list()
    expect(after?.CreationDate).toEqual(before?.CreationDate)
    const updatedAt = after?.LastUpdatedDate?.getTime()
    expect(updatedAt).toBeGreaterThanOrEqual((before?.LastUpdatedDate?.getTime() ?? 0) + 60_000)
    await client.send(new DeleteAliasCommand({ AliasName }))
    expect(await list()).toBeUndefined()
    await client.send(new CreateAliasCommand({ AliasName, TargetKeyId }))
  })

  it('need an alias that exists, and a key', async () => {
    const { kms, client } = await start()
    const TargetKeyId = await kms.createKey({ alias: 'alias/a' })
    const update = (input: { AliasName: string; TargetKeyId: string }) =>
      rejection(client.send(new UpdateAliasCommand(input)))
    const absent = { name: 'NotFoundException', message: containing('alias/absent is not found') }
    expect(await update({ AliasName: 'alias/absent', TargetKeyId })).toMatchObject(absent)
    expect(await update({ AliasName: 'alias/a', TargetKeyId: absentId })).toBeInstanceOf(
      NotFoundException,
    )
    expect(await update({ AliasName: 'alias/a', TargetKeyId: 'alias/a' })).toMatchObject({
      name: 'ValidationException',
    })
    const remove = client.send(new DeleteAliasCommand({ AliasName: 'alias/absent' }))
    expect(await rejection(remove)).toMatchObject(absent)
  })

  it.each([
    ['RSA_2048', 'ENCRYPT_DECRYPT'],
    ['ECC_NIST_P256', 'KEY_AGREEMENT'],
    ['HMAC_256', 'GENERATE_VERIFY_MAC'],
  ] as const)('do not move an alias from a symmetric key to %s', async (KeySpec, KeyUsage) => {
    const { kms, client } = await start()
    const symmetric = await kms.createKey({ alias: 'alias/orders' })
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec, KeyUsage }))
    const move = { AliasName: 'alias/orders', TargetKeyId: KeyMetadata?.Arn }
    expect(await rejection(client.send(new UpdateAliasCommand(move)))).toMatchObject({
      name: 'ValidationException',
      message: containing('same type'),
    })
    const described = await client.send(new DescribeKeyCommand({ KeyId: 'alias/orders' }))
    expect(described.KeyMetadata?.Arn).toBe(symmetric)
  })

  it('leave a key no more than 50', async () => {
    const { kms, client } = await start()
    const TargetKeyId = await kms.createKey()
    const create = (i: number) =>
      client.send(new CreateAliasCommand({ AliasName: `alias/${i}`, TargetKeyId }))
    await Promise.all(Array.from({ length: 50 }, (_, i) => create(i)))
    expect(await rejection(create(50))).toMatchObject({ name: 'LimitExceededException' })

    await kms.createKey({ alias: 'alias/other' })
    const update = (AliasName: string) =>
      client.send(new UpdateAliasCommand({ AliasName, TargetKeyId }))
    expect(await rejection(update('alias/other'))).toMatchObject({
      name: 'LimitExceededException',
    })
    await update('alias/49') // it is one of the 50
  })
})

describe('kms.createKey', () => {
  it('makes neither key nor alias when the alias exists', async () => {
    const { kms, client } = await start()
    await kms.createKey({ alias: 'alias/orders' })
    const error = await rejection(kms.createKey({ alias: 'alias/orders' }))
    expect(EnvelopeError.is(error) && error.code).toBe('ERR_LOCAL_KMS')
    expect((await client.send(new ListKeysCommand({}))).Keys).toHaveLength(1)
  })

  it('names a wrong alias as the argument at fault', async () => {
    const { kms } = await start()
    for (const alias of ['orders', '', 'alias/aws/s3', 'alias/a b']) {
      const error = await rejection(kms.createKey({ alias }))
      expect(error).toBeInstanceOf(InvalidArgumentError)
      expect(error).toMatchObject({ field: 'alias' })
    }
  })

  it('fails after close', async () => {
    const { kms } = await start()
    await kms.close()
    await expect(kms.createKey()).rejects.toMatchObject({ code: 'ERR_LOCAL_KMS' })
  })
})
