import {
  CreateGrantCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisabledException,
  DisableKeyCommand,
  DryRunOperationException,
  EncryptCommand,
  GenerateDataKeyCommand,
  InvalidGrantIdException,
  InvalidGrantTokenException,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  NotFoundException,
  paginateListGrants,
  ReplicateKeyCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
  type CreateGrantCommandInput,
  type GrantConstraints,
  type GrantOperation,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { clientIn, containing, raw, rejection, start, target } from './harness.ts'

const Plaintext = Buffer.from('sealed with wax')
const GranteePrincipal = 'arn:aws:iam::000000000000:role/reader'
const RetiringPrincipal = 'arn:aws:iam::000000000000:role/owner'

async function startWithKey() {
  const { kms, client } = await start()
  return { kms, client, KeyId: await kms.createKey({ alias: 'alias/orders' }) }
}

async function startWithGrant(input: Partial<CreateGrantCommandInput> = {}) {
  const started = await startWithKey()
  return { ...started, grant: await createGrant(started.client, started.KeyId, input) }
}

async function createGrant(
  client: KMSClient,
  KeyId: string,
  input: Partial<CreateGrantCommandInput> = {},
) {
  const Operations: GrantOperation[] = ['Encrypt']
  const { GrantId = '', GrantToken = '' } = await client.send(
    new CreateGrantCommand({ KeyId, GranteePrincipal, Operations, ...input }),
  )
  return { GrantId, GrantToken }
}

function constrainedTo(count: number, value: string): Partial<CreateGrantCommandInput> {
  const pairs = Array.from({ length: count }, (_, i) => [`k${i}`, value])
  return { Constraints: { EncryptionContextSubset: Object.fromEntries(pairs) } }
}

async function grantsOf(client: KMSClient, KeyId: string, more = {}) {
  const { Grants = [] } = await client.send(new ListGrantsCommand({ KeyId, ...more }))
  return Grants
}

describe('CreateGrant', () => {
  it('is answered with an id and a token, and listed as it was made', async () => {
    const { client, KeyId } = await startWithKey()
    const grant = await createGrant(client, KeyId, {
      Name: 'reader',
      RetiringPrincipal,
      Operations: ['Encrypt', 'Decrypt', 'Encrypt'],
      Constraints: { EncryptionContextSubset: { tenant: '7' } },
    })
    expect(grant.GrantId).toMatch(/^[0-9a-f]{64}$/)
    expect(grant.GrantToken).toMatch(/^[A-Za-z0-9+/]+=*$/)
    expect(grant.GrantToken).not.toContain(grant.GrantId)
    const [listed, ...more] = await grantsOf(client, KeyId)
    expect(more).toEqual([])
    expect(listed).toMatchObject({
      KeyId,
      GrantId: grant.GrantId,
      Name: 'reader',
      GranteePrincipal,
      RetiringPrincipal,
      IssuingAccount: 'arn:aws:iam::000000000000:root',
      Operations: ['Decrypt', 'Encrypt'],
      Constraints: { EncryptionContextSubset: { tenant: '7' } },
    })
    expect(listed?.CreationDate).toBeInstanceOf(Date)
  })

  it('is repeated by its name: the same grant under another token', async () => {
    const { client, KeyId } = await startWithKey()
    const named = { Name: 'reader' }
    const [first, second] = [
      await createGrant(client, KeyId, named),
      await createGrant(client, KeyId, named),
    ]
    expect(second.GrantId).toBe(first.GrantId)
    expect(second.GrantToken).not.toBe(first.GrantToken)
    const others: Partial<CreateGrantCommandInput>[] = [
      { Operations: ['Decrypt'] },
      { GranteePrincipal: RetiringPrincipal },
      { RetiringPrincipal },
      { Constraints: { EncryptionContextEquals: { tenant: '7' } } },
      { Constraints: { EncryptionContextSubset: { tenant: '7' } } },
      { Constraints: { EncryptionContextSubset: { tenant: '8' } } },
      { Name: 'writer' },
    ]
    const ids = new Set([first.GrantId])
    for (const other of others) {
      ids.add((await createGrant(client, KeyId, { ...named, ...other })).GrantId)
    }
    expect(ids.size).toBe(1 + others.length)
    const unnamed = [await createGrant(client, KeyId), await createGrant(client, KeyId)]
    expect(unnamed[0]?.GrantId).not.toBe(unnamed[1]?.GrantId)
    expect(await grantsOf(client, KeyId)).toHaveLength(ids.size + 2)
  })

  it.each<[string, Partial<CreateGrantCommandInput>, string]>([
    ['an operation of another kind of key', { Operations: ['GenerateMac'] }, 'ValidationException'],
    ['no operation', { Operations: [] }, 'ValidationException'],
    ['a grantee that is no ARN', { GranteePrincipal: 'reader' }, 'InvalidArnException'],
    ['a name that is none', { Name: 'a b' }, 'ValidationException'],
    [
      'SourceArn, which it could only ignore',
      { Constraints: { SourceArn: 'arn:aws:s3:::bucket' } },
      'UnsupportedOperationException',
    ],
    ['an alias', { KeyId: 'alias/orders' }, 'InvalidArnException'],
    ['nine pairs', constrainedTo(9, 'v'), 'ValidationException'],
    ['a value that is too long', constrainedTo(1, 'v'.repeat(385)), 'ValidationException'],
  ])('is refused with %s', async (_, input, name) => {
    const { client, KeyId } = await startWithKey()
    expect(await rejection(createGrant(client, KeyId, input))).toMatchObject({ name })
    expect(await grantsOf(client, KeyId)).toEqual([])
  })

  it('takes as many pairs as KMS does, and as long ones', async () => {
    const { client, KeyId } = await startWithKey()
    await createGrant(client, KeyId, constrainedTo(8, 'v'.repeat(384)))
  })

  it('takes a constraint that is null as left out', async () => {
    const { kms, client, KeyId } = await startWithKey()
    const Constraints = { EncryptionContextSubset: { a: 'b' }, EncryptionContextEquals: null }
    const request = { KeyId, GranteePrincipal, Operations: ['Encrypt'], Constraints }
    const { status } = await raw(kms, JSON.stringify(request), target('CreateGrant'))
    expect(status).toBe(200)
    expect(await grantsOf(client, KeyId)).toMatchObject([
      { Constraints: { EncryptionContextSubset: { a: 'b' } } },
    ])
  })

  it('is refused with constraints on a key that has no encryption context', async () => {
    const { client } = await startWithKey()
    const spec = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' } as const
    const { KeyMetadata } = await client.send(new CreateKeyCommand(spec))
    const create = (Constraints?: GrantConstraints) =>
      createGrant(client, KeyMetadata?.Arn ?? '', { Operations: ['VerifyMac'], Constraints })
    await create()
    expect(await rejection(create({ EncryptionContextEquals: { tenant: '7' } }))).toMatchObject({
      name: 'ValidationException',
      message: containing('encryption context'),
    })
  })

  it('needs a key that is enabled', async () => {
    const { client, KeyId } = await startWithKey()
    await client.send(new DisableKeyCommand({ KeyId }))
    expect(await rejection(createGrant(client, KeyId))).toBeInstanceOf(DisabledException)
  })

  it('runs dry', async () => {
    const { client, KeyId } = await startWithKey()
    const error = await rejection(createGrant(client, KeyId, { DryRun: true }))
    expect(error).toBeInstanceOf(DryRunOperationException)
    expect(await grantsOf(client, KeyId)).toEqual([])
    const wrong = { DryRun: true, Operations: ['Sign'] as GrantOperation[] }
    expect(await rejection(createGrant(client, KeyId, wrong))).toMatchObject({
      name: 'ValidationException',
    })
  })
})

describe('grants', () => {
  it('are listed by id, by grantee and page by page', async () => {
    const { client, KeyId, grant } = await startWithGrant()
    const other = 'arn:aws:iam::000000000000:role/other'
    for (let i = 0; i < 4; i++) await createGrant(client, KeyId, { GranteePrincipal: other })
    const ids = async (more: object) =>
      (await grantsOf(client, KeyId, more)).map(({ GrantId }) => GrantId)
    expect(await ids({ GrantId: grant.GrantId })).toEqual([grant.GrantId])
    expect(await ids({ GranteePrincipal })).toEqual([grant.GrantId])
    expect(await ids({ GranteePrincipal: other })).toHaveLength(4)
    const paged: unknown[] = []
    for await (const { Grants = [] } of paginateListGrants({ client, pageSize: 2 }, { KeyId })) {
      paged.push(...Grants.map(({ GrantId }) => GrantId))
    }
    expect(paged).toEqual(await ids({}))
  })

  it('are listed by who may retire them, of all keys of the region', async () => {
    const { kms, client, KeyId } = await startWithGrant({ RetiringPrincipal })
    await createGrant(client, KeyId)
    await createGrant(client, await kms.createKey(), { RetiringPrincipal })
    const elsewhere = await kms.createKey({ region: 'eu-west-1' })
    await createGrant(clientIn(kms, 'eu-west-1'), elsewhere, { RetiringPrincipal })
    const { Grants } = await client.send(new ListRetirableGrantsCommand({ RetiringPrincipal }))
    expect(Grants).toHaveLength(2)
  })

  it('are of their region: elsewhere, their tokens are none', async () => {
    const { kms, client, KeyId, grant } = await startWithGrant()
    const west = clientIn(kms, 'eu-west-1')
    const other = await kms.createKey({ region: 'eu-west-1' })
    const describeIt = new DescribeKeyCommand({ KeyId: other, GrantTokens: [grant.GrantToken] })
    expect(await rejection(west.send(describeIt))).toBeInstanceOf(InvalidGrantTokenException)
    const retire = new RetireGrantCommand({ GrantToken: grant.GrantToken })
    expect(await rejection(west.send(retire))).toBeInstanceOf(InvalidGrantTokenException)
    expect(await grantsOf(client, KeyId)).toHaveLength(1)
  })

  it('are retired by token, or by key and id', async () => {
    const { client, KeyId, grant } = await startWithGrant()
    const other = await createGrant(client, KeyId)
    const { GrantToken } = grant
    await client.send(new RetireGrantCommand({ GrantToken }))
    expect(await grantsOf(client, KeyId)).toMatchObject([{ GrantId: other.GrantId }])
    await client.send(new RetireGrantCommand({ KeyId, GrantId: other.GrantId }))
    expect(await grantsOf(client, KeyId)).toEqual([])
    const again = await rejection(client.send(new RetireGrantCommand({ GrantToken })))
    expect(again).toBeInstanceOf(InvalidGrantTokenException)
  })

  it.each([
    ['nothing', {}],
    ['a key alone', { KeyId: 'alias/orders' }],
    ['both', { GrantToken: 'QQ==', KeyId: 'any', GrantId: 'any' }],
  ])('are not retired by %s', async (_, input) => {
    const { client } = await startWithGrant()
    expect(await rejection(client.send(new RetireGrantCommand(input)))).toMatchObject({
      name: 'ValidationException',
    })
  })

  it('are revoked, once, by their own key', async () => {
    const { kms, client, KeyId, grant } = await startWithGrant()
    const { GrantId } = grant
    const revoke = (KeyId: string, GrantId: string) =>
      client.send(new RevokeGrantCommand({ KeyId, GrantId }))
    const other = await kms.createKey()
    expect(await rejection(revoke(other, GrantId))).toBeInstanceOf(NotFoundException)
    expect(await rejection(revoke(KeyId, 'nonsense'))).toBeInstanceOf(InvalidGrantIdException)
    await revoke(KeyId, GrantId)
    expect(await grantsOf(client, KeyId)).toEqual([])
    expect(await rejection(revoke(KeyId, GrantId))).toBeInstanceOf(NotFoundException)
  })

  it('are neither retired nor revoked by a dry run', async () => {
    const { client, KeyId, grant } = await startWithGrant()
    const { GrantId, GrantToken } = grant
    const dry = { DryRun: true }
    for (const error of [
      await rejection(client.send(new RetireGrantCommand({ GrantToken, ...dry }))),
      await rejection(client.send(new RetireGrantCommand({ KeyId, GrantId, ...dry }))),
      await rejection(client.send(new RevokeGrantCommand({ KeyId, GrantId, ...dry }))),
    ]) {
      expect(error).toBeInstanceOf(DryRunOperationException)
    }
    expect(await grantsOf(client, KeyId)).toHaveLength(1)
  })

  it('go with their key', async () => {
    const { kms, client, KeyId, grant } = await startWithGrant()
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    kms.advanceClock(8 * 24 * 60 * 60 * 1000)
    const { GrantToken } = grant
    const error = await rejection(client.send(new RetireGrantCommand({ GrantToken })))
    expect(error).toBeInstanceOf(InvalidGrantTokenException)
  })

  it('stay in the region of their key', async () => {
    const { kms, client } = await start()
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ MultiRegion: true }))
    const KeyId = KeyMetadata?.KeyId ?? ''
    await createGrant(client, KeyId)
    await client.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }))
    expect(await grantsOf(clientIn(kms, 'eu-west-1'), KeyId)).toEqual([])
  })
})

describe('a grant token', () => {
  it('is refused where it is none, whatever it is with', async () => {
    const { client, KeyId, grant } = await startWithGrant()
    const damaged = (at: number) => {
      const bytes = Buffer.from(grant.GrantToken, 'base64')
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      return bytes.toString('base64')
    }
    const use = (GrantTokens: string[]) =>
      client.send(new EncryptCommand({ KeyId, Plaintext, GrantTokens }))
    await use([grant.GrantToken])
    for (const token of ['token', '', damaged(3), damaged(40), damaged(55), grant.GrantId]) {
      const error = await rejection(use([grant.GrantToken, token]))
      expect(error).toBeInstanceOf(InvalidGrantTokenException)
      const GrantTokens = [token]
      const describing = client.send(new DescribeKeyCommand({ KeyId, GrantTokens }))
      expect(await rejection(describing)).toBeInstanceOf(InvalidGrantTokenException)
    }
  })

  it('lets a denied call through that its grant allows', async () => {
    const { kms, client, KeyId, grant } = await startWithGrant()
    kms.deny(KeyId, 'Encrypt')
    kms.deny(KeyId, 'GenerateDataKey')
    const GrantTokens = [grant.GrantToken]
    const denied = { name: 'AccessDeniedException' }
    const encrypt = (more = {}) => client.send(new EncryptCommand({ KeyId, Plaintext, ...more }))
    expect(await rejection(encrypt())).toMatchObject(denied)
    await encrypt({ GrantTokens })
    const generate = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', GrantTokens })
    expect(await rejection(client.send(generate))).toMatchObject(denied)
    await client.send(new RevokeGrantCommand({ KeyId, GrantId: grant.GrantId }))
    expect(await rejection(encrypt({ GrantTokens }))).toMatchObject(denied)
  })

  it('is of no use with another key', async () => {
    const { kms, client, grant } = await startWithGrant()
    const KeyId = await kms.createKey()
    kms.deny(KeyId, 'Encrypt')
    const command = new EncryptCommand({ KeyId, Plaintext, GrantTokens: [grant.GrantToken] })
    expect(await rejection(client.send(command))).toMatchObject({ name: 'AccessDeniedException' })
  })
})

type Context = Record<string, string> | undefined

describe('the constraints of a grant', () => {
  const pairs = { tenant: '7', purpose: 'orders' }
  const rows: [GrantConstraints, string, Context, boolean][] = [
    [{ EncryptionContextEquals: pairs }, 'the same', pairs, true],
    [
      { EncryptionContextEquals: pairs },
      'the keys in capitals',
      { TENANT: '7', Purpose: 'orders' },
      true,
    ],
    [
      { EncryptionContextEquals: pairs },
      'a value in capitals',
      { ...pairs, purpose: 'ORDERS' },
      false,
    ],
    [{ EncryptionContextEquals: pairs }, 'one more', { ...pairs, more: '' }, false],
    [{ EncryptionContextEquals: pairs }, 'one less', { tenant: '7' }, false],
    [{ EncryptionContextEquals: pairs }, 'none', undefined, false],
    [{ EncryptionContextEquals: {} }, 'none', undefined, true],
    [{ EncryptionContextEquals: {} }, 'one', { tenant: '7' }, false],
    [{ EncryptionContextSubset: { tenant: '7' } }, 'that and more', pairs, true],
    [{ EncryptionContextSubset: { tenant: '7' } }, 'that alone', { tenant: '7' }, true],
    [{ EncryptionContextSubset: { tenant: '7' } }, 'another value', { tenant: '8' }, false],
    [{ EncryptionContextSubset: { tenant: '7' } }, 'none', undefined, false],
    [{ EncryptionContextSubset: {} }, 'none', undefined, true],
  ]

  it.each(rows)('%o and a context that has %s', async (Constraints, _, context, isAllowed) => {
    const { kms, client, KeyId, grant } = await startWithGrant({ Constraints })
    kms.deny(KeyId, 'Encrypt')
    const encrypt = client.send(
      new EncryptCommand({
        KeyId,
        Plaintext,
        EncryptionContext: context,
        GrantTokens: [grant.GrantToken],
      }),
    )
    if (isAllowed) await encrypt
    else expect(await rejection(encrypt)).toMatchObject({ name: 'AccessDeniedException' })
  })

  it('do not matter to operations that have no context', async () => {
    const { kms, client, KeyId, grant } = await startWithGrant({
      Operations: ['DescribeKey'],
      Constraints: { EncryptionContextEquals: pairs },
    })
    kms.deny(KeyId, 'DescribeKey')
    await client.send(new DescribeKeyCommand({ KeyId, GrantTokens: [grant.GrantToken] }))
  })
})
