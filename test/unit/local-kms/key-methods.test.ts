import {
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import type { LocalKmsKeyOptions } from '../../../src/local-kms/index.ts'
import { clientIn, containing, rejection, start, wrong } from './harness.ts'

const day = 24 * 60 * 60 * 1000

describe('createKey', () => {
  it.each<[LocalKmsKeyOptions, object]>([
    [{}, { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT', MultiRegion: false }],
    [{ keySpec: 'RSA_2048' }, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }],
    [
      { keySpec: 'ECC_NIST_P384', keyUsage: 'KEY_AGREEMENT' },
      { KeySpec: 'ECC_NIST_P384', KeyUsage: 'KEY_AGREEMENT' },
    ],
    [{ multiRegion: true }, { MultiRegion: true }],
    [{ origin: 'EXTERNAL' }, { Origin: 'EXTERNAL', KeyState: 'PendingImport' }],
  ])('with %o makes a key as KMS would', async (options, metadata) => {
    const { kms, client } = await start()
    const KeyId = await kms.createKey({ ...options, alias: 'alias/orders' })
    for (const named of [KeyId, 'alias/orders']) {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: named }))
      expect(KeyMetadata).toMatchObject({ Arn: KeyId, ...metadata })
    }
  })

  it.each([
    ['alias', { alias: 'orders' }],
    ['region', { region: 'moon' }],
    ['keySpec', { keySpec: 'RSA_1024' }],
    ['keySpec', { keySpec: 'constructor' }],
    ['keyUsage', { keyUsage: 'SIGN_VERIFY' }],
    ['keyUsage', { keySpec: 'RSA_2048', keyUsage: 'KEY_AGREEMENT' }],
    ['multiRegion', { multiRegion: 'yes' }],
    ['origin', { origin: 'AWS_CLOUDHSM' }],
    ['aliases', { aliases: ['alias/orders'] }],
  ])('names the %s that is wrong', async (field, options) => {
    const { kms } = await start()
    const error = await rejection(kms.createKey(options as LocalKmsKeyOptions))
    expect(error).toEqual(wrong(field))
    expect(error).toMatchObject({ message: containing(field) })
  })
})

describe('replicateKey', () => {
  it('makes the key of another region, for the same ciphertexts', async () => {
    const { kms, client } = await start()
    const KeyId = await kms.createKey({ multiRegion: true })
    const replica = await kms.replicateKey(KeyId, 'eu-west-1')
    expect(replica).toBe(KeyId.replace('us-east-1', 'eu-west-1'))
    const Plaintext = Buffer.from('sealed with wax')
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
    kms.resetCalls()
    const opened = await clientIn(kms, 'eu-west-1').send(
      new DecryptCommand({ CiphertextBlob, KeyId: replica }),
    )
    expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
    expect([kms.calls({ keyId: KeyId }), kms.calls({ keyId: replica })]).toEqual([0, 1])
  })

  it('takes a primary key of any region, and no other', async () => {
    const { kms } = await start()
    const primary = await kms.createKey({ multiRegion: true, region: 'eu-west-1' })
    const replica = await kms.replicateKey(primary, 'us-east-1')
    const single = await kms.createKey()
    for (const [arn, region] of [
      [replica, 'us-west-2'],
      [single, 'us-west-2'],
      [primary, 'us-east-1'],
      [primary, 'eu-west-1'],
    ] as const) {
      expect(await rejection(kms.replicateKey(arn, region))).toMatchObject({
        code: 'ERR_LOCAL_KMS',
      })
    }
  })

  it('does not replicate a key that is not enabled, or is gone', async () => {
    const { kms, client } = await start()
    const KeyId = await kms.createKey({ multiRegion: true })
    await client.send(new DisableKeyCommand({ KeyId }))
    expect(await rejection(kms.replicateKey(KeyId, 'eu-west-1'))).toMatchObject({
      code: 'ERR_LOCAL_KMS',
    })
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    kms.advanceClock(8 * day)
    expect(await rejection(kms.replicateKey(KeyId, 'eu-west-1'))).toEqual(wrong('keyArn'))
  })

  it('names the argument that is wrong', async () => {
    const { kms } = await start()
    const primary = await kms.createKey({ multiRegion: true })
    expect(await rejection(kms.replicateKey(primary, 'moon'))).toEqual(wrong('region'))
    const absent = primary.replace(/.{8}$/, '00000000')
    expect(await rejection(kms.replicateKey(absent, 'eu-west-1'))).toEqual(wrong('keyArn'))
  })
})

it('after close, no key is made', async () => {
  const { kms } = await start()
  const primary = await kms.createKey({ multiRegion: true })
  await kms.close()
  const closed = { code: 'ERR_LOCAL_KMS', message: containing('closed') }
  expect(await rejection(kms.createKey())).toMatchObject(closed)
  expect(await rejection(kms.replicateKey(primary, 'eu-west-1'))).toMatchObject(closed)
})
