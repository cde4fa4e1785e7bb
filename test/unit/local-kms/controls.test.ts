import {
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateRandomCommand,
  type GrantConstraints,
  type GrantOperation,
  ListKeysCommand,
  NotFoundException,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../src/errors.ts'
import {
  LocalKms,
  type LocalKmsCallFilter,
  type LocalKmsFailure,
} from '../../../src/local-kms/index.ts'
import { clientIn, containing, raw, rejection, start, target, wrong } from './harness.ts'

const Plaintext = Buffer.from('sealed with wax')
const ListKeys = () => new ListKeysCommand({})

async function startWithKeys() {
  const { kms, client } = await start()
  const [KeyId, other] = [await kms.createKey({ alias: 'alias/orders' }), await kms.createKey()]
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
  kms.resetCalls()
  return { kms, client, KeyId, other, CiphertextBlob }
}

/** What became of `count` requests, one after another: `ok`, or the error's name. */
async function outcomes(count: number, send: () => Promise<unknown>): Promise<string[]> {
  const names: string[] = []
  for (let i = 0; i < count; i++) {
    names.push(
      await send().then(
        () => 'ok',
        (error: unknown) => (error as Error).name,
      ),
    )
  }
  return names
}

describe('calls', () => {
  it('counts by operation, region and key', async () => {
    const { kms, client, KeyId, other } = await startWithKeys()
    const west = clientIn(kms, 'us-west-2')
    await client.send(new DescribeKeyCommand({ KeyId }))
    await client.send(new EncryptCommand({ KeyId, Plaintext }))
    await client.send(new EncryptCommand({ KeyId: other, Plaintext }))
    await west.send(ListKeys())
    const counts: [LocalKmsCallFilter, number][] = [
      [{}, 4],
      [{ operation: 'Encrypt' }, 2],
      [{ operation: 'Decrypt' }, 0],
      [{ region: 'us-east-1' }, 3],
      [{ region: 'us-west-2' }, 1],
      [{ region: 'eu-west-1' }, 0],
      [{ keyId: KeyId }, 2],
      [{ keyId: other }, 1],
      [{ operation: 'Encrypt', region: 'us-east-1', keyId: KeyId }, 1],
      [{ operation: 'ListKeys', region: 'us-east-1' }, 0],
    ]
    for (const [filter, count] of counts)
      expect([filter, kms.calls(filter)]).toEqual([filter, count])
  })

  it('knows a key by each of its identifiers, in the request and in the filter', async () => {
    const { kms, client, KeyId } = await startWithKeys()
    const identifiers = [
      KeyId,
      KeyId.split('/')[1] ?? '',
      'alias/orders',
      'arn:aws:kms:us-east-1:000000000000:alias/orders',
    ]
    for (const identifier of identifiers) {
      await client.send(new DescribeKeyCommand({ KeyId: identifier }))
    }
    for (const keyId of identifiers) expect(kms.calls({ keyId })).toBe(identifiers.length)
  })

  it('reads names in the region that is asked for, and ARNs in their own', async () => {
    const { kms, client } = await startWithKeys()
    const arn = await kms.createKey({ alias: 'alias/orders', region: 'us-west-2' })
    const west = clientIn(kms, 'us-west-2')
    await west.send(new DescribeKeyCommand({ KeyId: 'alias/orders' }))
    await client.send(new DescribeKeyCommand({ KeyId: 'alias/orders' }))
    await client.send(new DescribeKeyCommand({ KeyId: 'alias/orders' }))
    expect(kms.calls({ keyId: arn })).toBe(1)
    expect(kms.calls({ keyId: 'alias/orders' })).toBe(2)
    expect(kms.calls({ keyId: 'alias/orders', region: 'us-west-2' })).toBe(1)
    expect(() => kms.calls({ keyId: arn, region: 'us-east-1' })).toThrow(wrong('keyId'))
  })

  it('counts a Decrypt without KeyId for the key in the ciphertext', async () => {
    const { kms, client, KeyId, other, CiphertextBlob } = await startWithKeys()
    await client.send(new DecryptCommand({ CiphertextBlob }))
    expect(kms.calls({ keyId: KeyId })).toBe(1)
    await rejection(client.send(new DecryptCommand({ CiphertextBlob, KeyId: other })))
    expect(kms.calls({ keyId: KeyId })).toBe(1)
    expect(kms.calls({ keyId: other })).toBe(1)
  })

  it('counts a ReEncrypt once, and for both of its keys', async () => {
    const { kms, client, KeyId, other, CiphertextBlob } = await startWithKeys()
    await client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: other }))
    for (const filter of [{}, { keyId: KeyId }, { keyId: other }]) {
      expect(kms.calls(filter)).toBe(1)
    }
  })

  it('counts an alias for the key that it is to name', async () => {
    const { kms, client, KeyId } = await startWithKeys()
    await client.send(new CreateAliasCommand({ AliasName: 'alias/new', TargetKeyId: KeyId }))
    expect(kms.calls({ operation: 'CreateAlias', keyId: 'alias/new' })).toBe(1)
  })

  it('counts what was refused, failed, denied, throttled or met an outage', async () => {
    const { kms, client, KeyId } = await startWithKeys()
    const describeKey = () => client.send(new DescribeKeyCommand({ KeyId }))
    const count = () => kms.calls({ operation: 'DescribeKey' })
    await rejection(client.send(new DescribeKeyCommand({ KeyId: 'alias/absent' })))
    expect(count()).toBe(1)
    kms.fail({ error: 'ThrottlingException', times: 1 })
    await rejection(describeKey())
    expect(count()).toBe(2)
    const allow = kms.deny(KeyId, 'DescribeKey')
    await rejection(describeKey())
    expect(count()).toBe(3)
    allow()
    for (const how of ['reset', 'error'] as const) {
      const recover = kms.outage('us-east-1', how)
      await rejection(describeKey())
      recover()
    }
    expect(count()).toBe(5)
    expect(kms.calls({ keyId: KeyId })).toBe(4)
  })

  it('counts the SDK’s own retries', async () => {
    const { kms } = await startWithKeys()
    kms.fail({ error: 'KMSInternalException', times: 2 })
    await clientIn(kms, 'us-east-1', { maxAttempts: 3 }).send(ListKeys())
    expect(kms.calls({ operation: 'ListKeys' })).toBe(3)
  })

  it('counts an operation that it does not have, and nothing that it did itself', async () => {
    const { kms } = await start()
    await kms.createKey()
    expect(kms.calls()).toBe(0)
    await raw(kms, '{}', target('Nonsense'))
    expect(kms.calls()).toBe(1)
    expect(kms.calls({ region: 'us-east-1' })).toBe(1)
  })

  it('begins at 0 again', async () => {
    const { kms, client } = await start()
    await client.send(ListKeys())
    kms.resetCalls()
    expect(kms.calls()).toBe(0)
  })

  it.each([
    ['operation', { operation: 'decrypt' }],
    ['region', { region: 'moon' }],
    ['keyId', { keyId: 'alias/absent' }],
    ['keyId', { keyId: '' }],
    ['key', { key: 'alias/orders' } as LocalKmsCallFilter],
  ])('names the %s that nothing can match', async (field, filter) => {
    const { kms } = await start()
    expect(() => kms.calls(filter)).toThrow(wrong(field))
  })
})

describe('fail', () => {
  it.each([
    ['AccessDeniedException', 400],
    ['ThrottlingException', 400],
    ['DisabledException', 400],
    ['KMSInternalException', 500],
    ['KeyUnavailableException', 500],
    ['DependencyTimeoutException', 503],
  ] as const)('answers %s with status %i', async (error, httpStatusCode) => {
    const { kms, client } = await start()
    kms.fail({ error })
    expect(await rejection(client.send(ListKeys()))).toMatchObject({
      name: error,
      message: containing('told to fail'),
      $metadata: { httpStatusCode },
    })
  })

  it('has the message that it is given', async () => {
    const { kms, client } = await start()
    kms.fail({ error: 'ThrottlingException', message: 'Not so fast.' })
    expect(await rejection(client.send(ListKeys()))).toMatchObject({ message: 'Not so fast.' })
  })

  it('hits what its filter means, and nothing else', async () => {
    const { kms, client, KeyId, other } = await startWithKeys()
    kms.fail({ operation: 'Encrypt', keyId: 'alias/orders', error: 'DisabledException' })
    const encrypt = (KeyId: string) => () => client.send(new EncryptCommand({ KeyId, Plaintext }))
    expect(await outcomes(1, encrypt(KeyId))).toEqual(['DisabledException'])
    expect(await outcomes(1, encrypt(other))).toEqual(['ok'])
    await client.send(new DescribeKeyCommand({ KeyId }))
  })

  it('hits one region', async () => {
    const { kms, client } = await start()
    kms.fail({ region: 'us-west-2', error: 'KMSInternalException' })
    await client.send(ListKeys())
    const error = await rejection(clientIn(kms, 'us-west-2').send(ListKeys()))
    expect(error).toMatchObject({ name: 'KMSInternalException' })
  })

  it('ends after as many as were asked for, or when it is ended', async () => {
    const { kms, client } = await start()
    const send = () => client.send(ListKeys())
    kms.fail({ error: 'ThrottlingException', times: 2 })
    expect(await outcomes(4, send)).toEqual([
      'ThrottlingException',
      'ThrottlingException',
      'ok',
      'ok',
    ])
    const recover = kms.fail({ error: 'ThrottlingException' })
    expect(await outcomes(3, send)).not.toContain('ok')
    recover()
    recover()
    expect(await outcomes(1, send)).toEqual(['ok'])
  })

  it('hits a part of them, the same ones each time', async () => {
    const run = async () => {
      const { kms, client } = await start()
      kms.fail({ error: 'ThrottlingException', rate: 0.3 })
      return outcomes(200, () => client.send(ListKeys()))
    }
    const first = await run()
    expect(await run()).toEqual(first)
    const failed = first.filter((name) => name === 'ThrottlingException').length
    expect(failed).toBeGreaterThan(40)
    expect(failed).toBeLessThan(80)
  })

  it('hits none at rate 0', async () => {
    const { kms, client } = await start()
    kms.fail({ error: 'ThrottlingException', rate: 0 })
    expect(new Set(await outcomes(20, () => client.send(ListKeys())))).toEqual(new Set(['ok']))
  })

  it('lets the first of several that match decide', async () => {
    const { kms, client } = await start()
    kms.fail({ error: 'ThrottlingException', times: 1 })
    kms.fail({ error: 'KMSInternalException', times: 1 })
    expect(await outcomes(3, () => client.send(ListKeys()))).toEqual([
      'ThrottlingException',
      'KMSInternalException',
      'ok',
    ])
  })

  const error = 'ThrottlingException'
  it.each([
    ['error', { error: 'Throttled' }],
    ['error', {}],
    ['rate', { error, rate: 1.1 }],
    ['rate', { error, rate: -0.1 }],
    ['rate', { error, rate: NaN }],
    ['times', { error, times: 0 }],
    ['times', { error, times: 1.5 }],
    ['times', { error, times: -Infinity }],
    ['operation', { error, operation: 'Nonsense' }],
    ['region', { error, region: 'moon' }],
    ['keyId', { error, keyId: 'alias/absent' }],
    ['count', { error, count: 3 }],
  ])('names the %s that is wrong', async (field, failure) => {
    const { kms, client } = await start()
    expect(() => kms.fail(failure as LocalKmsFailure)).toThrow(wrong(field))
    await client.send(ListKeys())
  })
})

describe('deny', () => {
  it('takes one permission on one key away', async () => {
    const { kms, client, KeyId, other, CiphertextBlob } = await startWithKeys()
    const allow = kms.deny('alias/orders', 'Decrypt')
    const decrypt = (KeyId?: string) => client.send(new DecryptCommand({ CiphertextBlob, KeyId }))
    for (const named of [undefined, KeyId, 'alias/orders']) {
      expect(await rejection(decrypt(named))).toMatchObject({
        name: 'AccessDeniedException',
        message:
          'User: arn:aws:iam::000000000000:user/local is not authorized to perform: kms:Decrypt ' +
          `on resource: ${KeyId} because no identity-based policy allows the kms:Decrypt action`,
      })
    }
    await client.send(new EncryptCommand({ KeyId, Plaintext }))
    await client.send(new GenerateDataKeyCommand({ KeyId: other, KeySpec: 'AES_256' }))
    allow()
    await decrypt()
  })

  it('takes an ARN of any region', async () => {
    const { kms, KeyId } = await startWithKeys()
    const arn = await kms.createKey({ region: 'us-west-2' })
    kms.deny(arn, 'DescribeKey')
    const west = clientIn(kms, 'us-west-2')
    expect(await rejection(west.send(new DescribeKeyCommand({ KeyId: arn })))).toMatchObject({
      name: 'AccessDeniedException',
    })
    await clientIn(kms).send(new DescribeKeyCommand({ KeyId }))
  })

  it.each([
    ['ReEncrypt', 'source', 'kms:ReEncryptFrom'],
    ['ReEncrypt', 'destination', 'kms:ReEncryptTo'],
    ['ReEncryptFrom', 'source', 'kms:ReEncryptFrom'],
    ['ReEncryptTo', 'destination', 'kms:ReEncryptTo'],
    ['ReEncryptFrom', 'destination', undefined],
    ['ReEncryptTo', 'source', undefined],
  ])('%s on the %s of a ReEncrypt: %s is missing', async (operation, side, missing) => {
    const { kms, client, KeyId, other, CiphertextBlob } = await startWithKeys()
    kms.deny(side === 'source' ? KeyId : other, operation)
    const moved = client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: other }))
    if (missing === undefined) expect(await moved).toHaveProperty('CiphertextBlob')
    else expect(await rejection(moved)).toMatchObject({ message: containing(missing) })
  })

  it('can be asked for twice, and lifted one by one', async () => {
    const { kms, client, KeyId } = await startWithKeys()
    const lifts = [kms.deny(KeyId, 'DescribeKey'), kms.deny(KeyId, 'DescribeKey')]
    const send = () => client.send(new DescribeKeyCommand({ KeyId }))
    lifts[0]?.()
    lifts[0]?.()
    expect(await outcomes(1, send)).toEqual(['AccessDeniedException'])
    lifts[1]?.()
    expect(await outcomes(1, send)).toEqual(['ok'])
  })

  it.each([
    ['keyId', 'alias/absent', 'Decrypt'],
    ['keyId', '', 'Decrypt'],
    ['operation', 'alias/orders', 'kms:Decrypt'],
    ['operation', 'alias/orders', 'ListKeys'],
  ])('names the %s that is wrong: %s, %s', async (field, keyId, operation) => {
    const { kms } = await startWithKeys()
    expect(() => kms.deny(keyId, operation)).toThrow(wrong(field))
  })
})

describe('a grant', () => {
  const EncryptionContext = { tenant: '7' }

  async function startWithGrant(Operations: GrantOperation[], Constraints?: GrantConstraints) {
    const all = await startWithKeys()
    const GranteePrincipal = 'arn:aws:iam::000000000000:user/clerk'
    const { GrantToken = '', GrantId } = await all.client.send(
      new CreateGrantCommand({ KeyId: all.KeyId, GranteePrincipal, Operations, Constraints }),
    )
    return { ...all, GrantTokens: [GrantToken], GrantId }
  }

  it('lets a request through that carries its token', async () => {
    const { kms, client, KeyId, GrantTokens, CiphertextBlob } = await startWithGrant(['Decrypt'])
    kms.deny(KeyId, 'Decrypt')
    kms.deny(KeyId, 'Encrypt')
    const decrypt = (tokens?: string[]) => () =>
      client.send(new DecryptCommand({ CiphertextBlob, GrantTokens: tokens }))
    expect(await outcomes(1, decrypt())).toEqual(['AccessDeniedException'])
    expect(await outcomes(1, decrypt([]))).toEqual(['AccessDeniedException'])
    expect(await outcomes(1, decrypt(GrantTokens))).toEqual(['ok'])
    const encrypt = () => client.send(new EncryptCommand({ KeyId, Plaintext, GrantTokens }))
    expect(await outcomes(1, encrypt)).toEqual(['AccessDeniedException'])
  })

  it('is of one key', async () => {
    const { kms, client, other, GrantTokens } = await startWithGrant(['Encrypt'])
    kms.deny(other, 'Encrypt')
    const encrypt = () => client.send(new EncryptCommand({ KeyId: other, Plaintext, GrantTokens }))
    expect(await outcomes(1, encrypt)).toEqual(['AccessDeniedException'])
  })

  it('holds for the contexts that it is for', async () => {
    const { kms, client, KeyId, GrantTokens } = await startWithGrant(['Encrypt'], {
      EncryptionContextEquals: EncryptionContext,
    })
    kms.deny(KeyId, 'Encrypt')
    const encrypt = (EncryptionContext?: Record<string, string>) => () =>
      client.send(new EncryptCommand({ KeyId, Plaintext, GrantTokens, EncryptionContext }))
    expect(await outcomes(1, encrypt(EncryptionContext))).toEqual(['ok'])
    for (const wrong of [undefined, {}, { tenant: '8' }, { ...EncryptionContext, more: '' }]) {
      expect(await outcomes(1, encrypt(wrong))).toEqual(['AccessDeniedException'])
    }
  })

  it('has each half of a ReEncrypt with its own context', async () => {
    const { kms, client, KeyId, GrantTokens } = await startWithGrant(['ReEncryptTo'], {
      EncryptionContextSubset: EncryptionContext,
    })
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
    kms.deny(KeyId, 'ReEncryptTo')
    const reEncrypt = (DestinationEncryptionContext?: Record<string, string>) => () =>
      client.send(
        new ReEncryptCommand({
          CiphertextBlob,
          DestinationKeyId: KeyId,
          DestinationEncryptionContext,
          GrantTokens,
        }),
      )
    expect(await outcomes(1, reEncrypt(EncryptionContext))).toEqual(['ok'])
    expect(await outcomes(1, reEncrypt())).toEqual(['AccessDeniedException'])
    kms.deny(KeyId, 'ReEncryptFrom')
    expect(await outcomes(1, reEncrypt(EncryptionContext))).toEqual(['AccessDeniedException'])
  })

  it('is retired by its token, which is a call for its key', async () => {
    const { kms, client, KeyId, GrantTokens } = await startWithGrant(['Encrypt'])
    const retire = ([GrantToken]: string[]) => client.send(new RetireGrantCommand({ GrantToken }))
    const allow = kms.deny(KeyId, 'RetireGrant')
    expect(await outcomes(1, () => retire(GrantTokens))).toEqual(['AccessDeniedException'])
    expect(kms.calls({ operation: 'RetireGrant', keyId: KeyId })).toBe(1)
    allow()
    expect(await outcomes(1, () => retire(GrantTokens))).toEqual(['ok'])
  })

  it('may allow that it is retired by its token', async () => {
    const { kms, client, KeyId, GrantTokens } = await startWithGrant(['RetireGrant'])
    kms.deny(KeyId, 'RetireGrant')
    const [GrantToken] = GrantTokens
    await client.send(new RetireGrantCommand({ GrantToken }))
  })

  it('that is revoked allows nothing', async () => {
    const { kms, client, KeyId, GrantTokens, GrantId } = await startWithGrant(['Encrypt'])
    kms.deny(KeyId, 'Encrypt')
    await client.send(new RevokeGrantCommand({ KeyId, GrantId }))
    const encrypt = () => client.send(new EncryptCommand({ KeyId, Plaintext, GrantTokens }))
    expect(await outcomes(1, encrypt)).not.toEqual(['ok'])
  })
})

describe('the quota', () => {
  it('serves so many a second and region, and throttles the rest', async () => {
    const { kms, client } = await start({ quotaPerSecond: 3 })
    const west = clientIn(kms, 'us-west-2')
    kms.advanceClock(1000)
    const names = await outcomes(40, () =>
      client.send(new GenerateRandomCommand({ NumberOfBytes: 1 })),
    )
    expect(names.slice(0, 3)).toEqual(['ok', 'ok', 'ok'])
    expect(names).toContain('ThrottlingException')
    await west.send(ListKeys())
  })

  it('says it in KMS’s words', async () => {
    const { client } = await start({ quotaPerSecond: 1 })
    const errors = await Promise.all(
      Array.from({ length: 10 }, () => client.send(ListKeys()).catch((error: unknown) => error)),
    )
    expect(errors).toContainEqual(
      expect.objectContaining({
        name: 'ThrottlingException',
        message:
          'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
      }),
    )
  })

  it('refills as the clock goes on', async () => {
    const { kms, client } = await start({ quotaPerSecond: 1 })
    // Without the advances, some of the ten would have to come within one second.
    for (let i = 0; i < 10; i++) {
      await client.send(ListKeys())
      kms.advanceClock(1000)
    }
  })

  it('must be a whole number from 1 on', async () => {
    for (const quotaPerSecond of [0, -1, 1.5, NaN, Infinity]) {
      expect(await rejection(LocalKms.start({ quotaPerSecond }))).toEqual(wrong('quotaPerSecond'))
    }
  })
})

describe('advanceClock', () => {
  const day = 24 * 60 * 60 * 1000

  it('shows at once to the other methods what is due', async () => {
    const { kms, client } = await start()
    const KeyId = await kms.createKey({ alias: 'alias/orders' })
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
    kms.deny(KeyId, 'Decrypt')
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    kms.advanceClock(8 * day)
    for (const keyId of [KeyId, 'alias/orders']) {
      expect(() => kms.deny(keyId, 'Decrypt')).toThrow(wrong('keyId'))
      expect(() => kms.calls({ keyId })).toThrow(wrong('keyId'))
      expect(() => kms.fail({ keyId, error: 'ThrottlingException' })).toThrow(wrong('keyId'))
    }
    const decrypt = new DecryptCommand({ CiphertextBlob, KeyId })
    expect(await rejection(client.send(decrypt))).toBeInstanceOf(NotFoundException)
  })

  it('deletes a primary key in its turn, after its replica', async () => {
    const { kms, client } = await start()
    const KeyId = await kms.createKey({ multiRegion: true })
    const replica = await kms.replicateKey(KeyId, 'eu-west-1')
    const west = clientIn(kms, 'eu-west-1')
    const schedule = { PendingWindowInDays: 7 }
    await west.send(new ScheduleKeyDeletionCommand({ KeyId: replica, ...schedule }))
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, ...schedule }))
    kms.advanceClock(13 * day)
    expect(() => kms.calls({ keyId: replica })).toThrow(wrong('keyId'))
    expect(kms.calls({ keyId: KeyId })).toBe(1)
    kms.advanceClock(2 * day)
    expect(() => kms.calls({ keyId: KeyId })).toThrow(wrong('keyId'))
  })

  it('moves the dates on', async () => {
    const { kms, client } = await start()
    const before = Date.now()
    kms.advanceClock(2 * day)
    const KeyId = await kms.createKey()
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata?.CreationDate?.getTime()).toBeGreaterThanOrEqual(before + 2 * day - 1000)
  })

  it('does not go back', async () => {
    const { kms } = await start()
    for (const durationMs of [-1, NaN, Infinity, 101 * 365 * day]) {
      expect(() => kms.advanceClock(durationMs)).toThrow(InvalidArgumentError)
      expect(() => kms.advanceClock(durationMs)).toThrow(wrong('durationMs'))
    }
  })
})
