import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisabledException,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyRotationStatusCommand,
  LimitExceededException,
  ListKeyRotationsCommand,
  paginateListKeyRotations,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UnsupportedOperationException,
  UpdatePrimaryRegionCommand,
  type CreateKeyCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { clientIn, rejection, start } from './harness.ts'

const dayMs = 24 * 60 * 60 * 1000
const Plaintext = Buffer.from('sealed with wax')

async function startWithKey() {
  const { kms, client } = await start()
  return { kms, client, KeyId: await kms.createKey() }
}

async function startWithReplica() {
  const { kms, client: east } = await start()
  const west = clientIn(kms, 'us-west-2')
  const made = await east.send(new CreateKeyCommand({ MultiRegion: true }))
  const KeyId = made.KeyMetadata?.KeyId ?? ''
  await east.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-west-2' }))
  return { kms, east, west, KeyId }
}

const encrypt = async (client: KMSClient, KeyId: string) =>
  (await client.send(new EncryptCommand({ KeyId, Plaintext }))).CiphertextBlob

const decrypt = (client: KMSClient, CiphertextBlob: Uint8Array | undefined) =>
  client.send(new DecryptCommand({ CiphertextBlob }))

async function rotationsOf(client: KMSClient, KeyId: string) {
  const { Rotations = [] } = await client.send(new ListKeyRotationsCommand({ KeyId }))
  return Rotations
}

const statusOf = (client: KMSClient, KeyId: string) =>
  client.send(new GetKeyRotationStatusCommand({ KeyId }))

describe('a key that was rotated', () => {
  it('opens its ciphertexts of all times, each under its own material', async () => {
    const { client, KeyId } = await startWithKey()
    const sealed: (Uint8Array | undefined)[] = []
    for (let i = 0; i < 3; i++) {
      sealed.push(await encrypt(client, KeyId))
      await client.send(new RotateKeyOnDemandCommand({ KeyId }))
    }
    const ids = new Set<unknown>()
    for (const blob of sealed) {
      const opened = await decrypt(client, blob)
      expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
      ids.add(opened.KeyMaterialId)
    }
    expect(ids.size).toBe(3)
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
    const made = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
    expect(made.KeyMaterialId).toBe(KeyMetadata?.CurrentKeyMaterialId)
    expect(ids).not.toContain(made.KeyMaterialId)
  })

  it('is rotated in every region', async () => {
    const { east, west, KeyId } = await startWithReplica()
    const before = await encrypt(west, KeyId)
    await east.send(new RotateKeyOnDemandCommand({ KeyId }))
    const after = await encrypt(west, KeyId)
    const ids: unknown[] = []
    for (const client of [east, west]) {
      for (const blob of [before, after]) {
        const opened = await decrypt(client, blob)
        expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
        ids.push(opened.KeyMaterialId)
      }
    }
    expect(new Set(ids).size).toBe(2)
    const materials = async (client: KMSClient) =>
      (await rotationsOf(client, KeyId)).map(({ KeyMaterialId }) => KeyMaterialId)
    expect(await materials(west)).toEqual(await materials(east))
  })
})

describe('RotateKeyOnDemand', () => {
  it('happens 25 times and no more', async () => {
    const { client, KeyId } = await startWithKey()
    const rotate = () => client.send(new RotateKeyOnDemandCommand({ KeyId }))
    for (let i = 0; i < 25; i++) await rotate()
    expect(await rejection(rotate())).toBeInstanceOf(LimitExceededException)
    expect(await rotationsOf(client, KeyId)).toHaveLength(25)
  })

  it('leaves the schedule as it was', async () => {
    const { client, KeyId } = await startWithKey()
    await client.send(new EnableKeyRotationCommand({ KeyId }))
    const before = await statusOf(client, KeyId)
    await client.send(new RotateKeyOnDemandCommand({ KeyId }))
    const after = await statusOf(client, KeyId)
    expect(after.NextRotationDate).toEqual(before.NextRotationDate)
  })
})

describe('automatic rotation', () => {
  it('is off at first, and on every 365 days or as asked', async () => {
    const { client, KeyId } = await startWithKey()
    const off = await statusOf(client, KeyId)
    expect(off).toMatchObject({ KeyId, KeyRotationEnabled: false })
    expect(off).not.toHaveProperty('NextRotationDate')
    for (const [RotationPeriodInDays, days] of [
      [undefined, 365],
      [90, 90],
      [2560, 2560],
    ] as const) {
      const before = Date.now()
      await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }))
      const status = await statusOf(client, KeyId)
      expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: days })
      const waitMs = (status.NextRotationDate?.getTime() ?? 0) - before
      expect(Math.round(waitMs / dayMs)).toBe(days)
    }
    await client.send(new DisableKeyRotationCommand({ KeyId }))
    expect(await statusOf(client, KeyId)).toMatchObject({ KeyRotationEnabled: false })
    for (const RotationPeriodInDays of [89, 2561]) {
      const command = new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays })
      expect(await rejection(client.send(command))).toMatchObject({ name: 'ValidationException' })
    }
  })

  it('comes with each period that passes, and stops when it is turned off', async () => {
    const { kms, client, KeyId } = await startWithKey()
    const blob = await encrypt(client, KeyId)
    await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 100 }))
    const first = (await statusOf(client, KeyId)).NextRotationDate?.getTime() ?? 0
    kms.advanceClock(99 * dayMs)
    expect(await rotationsOf(client, KeyId)).toEqual([])
    kms.advanceClock(152 * dayMs)
    const rotations = await rotationsOf(client, KeyId)
    expect(rotations).toMatchObject([
      { KeyId, RotationType: 'AUTOMATIC', KeyMaterialState: 'NON_CURRENT' },
      { KeyId, RotationType: 'AUTOMATIC', KeyMaterialState: 'CURRENT' },
    ])
    expect(rotations.map(({ RotationDate }) => RotationDate?.getTime())).toEqual([
      first,
      first + 100 * dayMs,
    ])
    expect((await decrypt(client, blob)).Plaintext).toEqual(new Uint8Array(Plaintext))
    await client.send(new DisableKeyRotationCommand({ KeyId }))
    kms.advanceClock(1000 * dayMs)
    expect(await rotationsOf(client, KeyId)).toHaveLength(2)
  })

  it('waits while the key is disabled, and is made up for once', async () => {
    const { kms, client, KeyId } = await startWithKey()
    await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 100 }))
    await client.send(new DisableKeyCommand({ KeyId }))
    kms.advanceClock(350 * dayMs)
    expect(await rotationsOf(client, KeyId)).toEqual([])
    expect(await statusOf(client, KeyId)).toMatchObject({ KeyRotationEnabled: true })
    await client.send(new EnableKeyCommand({ KeyId }))
    expect(await rotationsOf(client, KeyId)).toHaveLength(1)
    kms.advanceClock(99 * dayMs)
    expect(await rotationsOf(client, KeyId)).toHaveLength(1)
    kms.advanceClock(1 * dayMs)
    expect(await rotationsOf(client, KeyId)).toHaveLength(2)
  })

  it('is off while the key is pending deletion, and back when that is called off', async () => {
    const { client, KeyId } = await startWithKey()
    await client.send(new EnableKeyRotationCommand({ KeyId }))
    await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await statusOf(client, KeyId)).toMatchObject({ KeyRotationEnabled: false })
    await client.send(new CancelKeyDeletionCommand({ KeyId }))
    expect(await statusOf(client, KeyId)).toMatchObject({ KeyRotationEnabled: true })
  })

  it('is that of the primary key, whichever it is', async () => {
    const { kms, east, west, KeyId } = await startWithReplica()
    const enable = new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 })
    expect(await rejection(west.send(enable))).toBeInstanceOf(UnsupportedOperationException)
    await east.send(enable)
    expect(await statusOf(west, KeyId)).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 90,
    })
    await east.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'us-west-2' }))
    kms.advanceClock(91 * dayMs)
    expect(await rotationsOf(east, KeyId)).toHaveLength(1)
    const rotate = (client: KMSClient) => client.send(new RotateKeyOnDemandCommand({ KeyId }))
    expect(await rejection(rotate(east))).toBeInstanceOf(UnsupportedOperationException)
    await rotate(west)
    expect(await rotationsOf(east, KeyId)).toHaveLength(2)
  })
})

describe('automatic rotation of a multi-Region key', () => {
  it('waits while the primary key is disabled, whatever its replicas are', async () => {
    const { kms, east, west, KeyId } = await startWithReplica()
    await east.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    await east.send(new DisableKeyCommand({ KeyId }))
    kms.advanceClock(91 * dayMs)
    expect(await rotationsOf(west, KeyId)).toEqual([])
    await east.send(new EnableKeyCommand({ KeyId }))
    expect(await rotationsOf(west, KeyId)).toHaveLength(1)
  })
})

describe('ListKeyRotations', () => {
  it('shows the first material where it is asked to, and goes page by page', async () => {
    const { client, KeyId } = await startWithKey()
    for (let i = 0; i < 11; i++) await client.send(new RotateKeyOnDemandCommand({ KeyId }))
    const input = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' } as const
    const { Rotations = [] } = await client.send(new ListKeyRotationsCommand(input))
    expect(Rotations).toHaveLength(12)
    expect(Rotations[0]).not.toHaveProperty('RotationDate')
    expect(Rotations[11]).toMatchObject({ RotationType: 'ON_DEMAND', KeyMaterialState: 'CURRENT' })
    const paged: unknown[] = []
    for await (const page of paginateListKeyRotations({ client, pageSize: 5 }, input)) {
      paged.push(...(page.Rotations ?? []))
    }
    expect(paged).toEqual(Rotations)
  })
})

const operations: Record<string, (client: KMSClient, KeyId: string) => Promise<unknown>> = {
  EnableKeyRotation: (client, KeyId) => client.send(new EnableKeyRotationCommand({ KeyId })),
  DisableKeyRotation: (client, KeyId) => client.send(new DisableKeyRotationCommand({ KeyId })),
  RotateKeyOnDemand: (client, KeyId) => client.send(new RotateKeyOnDemandCommand({ KeyId })),
}

describe.each(Object.entries(operations))('%s', (_, send) => {
  it.each<[string, CreateKeyCommandInput]>([
    ['an asymmetric key', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }],
    ['an HMAC key', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }],
    ['a key with imported material', { Origin: 'EXTERNAL' }],
  ])('is not for %s', async (_, input) => {
    const { client } = await start()
    const { KeyMetadata } = await client.send(new CreateKeyCommand(input))
    const KeyId = KeyMetadata?.Arn ?? ''
    expect(await rejection(send(client, KeyId))).toBeInstanceOf(UnsupportedOperationException)
    expect(await statusOf(client, KeyId)).toMatchObject({ KeyRotationEnabled: false })
  })

  it('needs a key that is enabled', async () => {
    const { client, KeyId } = await startWithKey()
    await client.send(new DisableKeyCommand({ KeyId }))
    expect(await rejection(send(client, KeyId))).toBeInstanceOf(DisabledException)
    await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await rejection(send(client, KeyId))).toMatchObject({
      name: 'KMSInvalidStateException',
    })
  })
})
