import {
  AlreadyExistsException,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  NotFoundException,
  ReplicateKeyCommand,
  UnsupportedOperationException,
  UpdatePrimaryRegionCommand,
  type CreateKeyCommandInput,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { clientIn, containing, rejection, start } from './harness.ts'

const Plaintext = Buffer.from('sealed with wax')

async function startWithPrimary(input: CreateKeyCommandInput = {}) {
  const { kms, client: east } = await start()
  const west = clientIn(kms, 'us-west-2')
  const made = await east.send(new CreateKeyCommand({ MultiRegion: true, ...input }))
  const primary = made.KeyMetadata?.Arn ?? ''
  return { kms, east, west, primary, KeyId: made.KeyMetadata?.KeyId ?? '' }
}

async function startWithReplica(input: CreateKeyCommandInput = {}) {
  const started = await startWithPrimary(input)
  const { KeyId } = started
  await started.east.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-west-2' }))
  return { ...started, replica: started.primary.replace('us-east-1', 'us-west-2') }
}

const at = (Arn: string) => ({ Arn, Region: Arn.split(':')[3] })

describe('a multi-Region key', () => {
  it('has an id of its own form and is its own primary', async () => {
    const { east, primary, KeyId } = await startWithPrimary()
    expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/)
    const { KeyMetadata } = await east.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({
      MultiRegion: true,
      MultiRegionConfiguration: {
        MultiRegionKeyType: 'PRIMARY',
        PrimaryKey: at(primary),
        ReplicaKeys: [],
      },
    })
  })

  it('is replicated under the same id, with a description and tags of the replica', async () => {
    const { east, west, primary, KeyId } = await startWithPrimary({ Description: 'primary' })
    const made = await east.send(
      new ReplicateKeyCommand({
        KeyId,
        ReplicaRegion: 'us-west-2',
        Description: 'replica',
        Tags: [{ TagKey: 'team', TagValue: 'orders' }],
      }),
    )
    const replica = primary.replace('us-east-1', 'us-west-2')
    const configuration = { PrimaryKey: at(primary), ReplicaKeys: [at(replica)] }
    expect(made.ReplicaKeyMetadata).toMatchObject({
      Arn: replica,
      KeyId,
      Description: 'replica',
      KeyState: 'Enabled',
      MultiRegionConfiguration: { MultiRegionKeyType: 'REPLICA', ...configuration },
    })
    expect(made.ReplicaTags).toEqual([{ TagKey: 'team', TagValue: 'orders' }])
    expect(JSON.parse(made.ReplicaPolicy ?? '')).toMatchObject({ Version: '2012-10-17' })
    const described = await west.send(new DescribeKeyCommand({ KeyId }))
    expect(described.KeyMetadata).toEqual(made.ReplicaKeyMetadata)
    const ofPrimary = await east.send(new DescribeKeyCommand({ KeyId }))
    expect(ofPrimary.KeyMetadata).toMatchObject({
      Description: 'primary',
      MultiRegionConfiguration: { MultiRegionKeyType: 'PRIMARY', ...configuration },
    })
  })

  it('opens in each region what it has encrypted in another', async () => {
    const { east, west, primary, replica, KeyId } = await startWithReplica()
    for (const [sender, receiver, arn] of [
      [east, west, replica],
      [west, east, primary],
    ] as const) {
      const { CiphertextBlob } = await sender.send(new EncryptCommand({ KeyId, Plaintext }))
      for (const named of [undefined, KeyId, arn]) {
        const opened = await receiver.send(new DecryptCommand({ CiphertextBlob, KeyId: named }))
        expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
        expect(opened.KeyId).toBe(arn)
      }
    }
  })

  it('opens nothing in a region without a replica', async () => {
    const { east, west, KeyId } = await startWithPrimary()
    const { CiphertextBlob } = await east.send(new EncryptCommand({ KeyId, Plaintext }))
    expect(await rejection(west.send(new DecryptCommand({ CiphertextBlob })))).toMatchObject({
      name: 'AccessDeniedException',
    })
  })

  it('has one public key, where it is asymmetric', async () => {
    const spec = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' } as const
    const { east, west, KeyId } = await startWithReplica(spec)
    const here = await east.send(new GetPublicKeyCommand({ KeyId }))
    const there = await west.send(new GetPublicKeyCommand({ KeyId }))
    expect(there.PublicKey).toEqual(here.PublicKey)
  })

  it('has a state in each region', async () => {
    const { east, west, KeyId } = await startWithReplica()
    await west.send(new DisableKeyCommand({ KeyId }))
    const { KeyMetadata } = await east.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata?.KeyState).toBe('Enabled')
  })
})

describe('ReplicateKey', () => {
  it('makes one replica a region, and none beside the primary', async () => {
    const { east, KeyId } = await startWithReplica()
    for (const ReplicaRegion of ['us-west-2', 'us-east-1']) {
      const command = new ReplicateKeyCommand({ KeyId, ReplicaRegion })
      expect(await rejection(east.send(command))).toBeInstanceOf(AlreadyExistsException)
    }
  })

  it('makes one of two that are asked for at once', async () => {
    const { east, KeyId } = await startWithPrimary()
    const replicate = () =>
      east.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }))
    const settled = await Promise.allSettled([replicate(), replicate()])
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('is for a primary key, in its region', async () => {
    const { kms, east, west, primary, KeyId } = await startWithReplica()
    const ofReplica = new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' })
    expect(await rejection(west.send(ofReplica))).toBeInstanceOf(UnsupportedOperationException)
    const elsewhere = new ReplicateKeyCommand({ KeyId: primary, ReplicaRegion: 'eu-west-1' })
    expect(await rejection(west.send(elsewhere))).toBeInstanceOf(NotFoundException)
    const single = await kms.createKey()
    const ofSingle = new ReplicateKeyCommand({ KeyId: single, ReplicaRegion: 'eu-west-1' })
    expect(await rejection(east.send(ofSingle))).toBeInstanceOf(UnsupportedOperationException)
  })

  it.each(['nowhere', 'us-east-1/x', 'us-east-1:1', ''])(
    'wants a region, and not %j',
    async (ReplicaRegion) => {
      const { east, KeyId } = await startWithPrimary()
      const command = new ReplicateKeyCommand({ KeyId, ReplicaRegion })
      expect(await rejection(east.send(command))).toMatchObject({ name: 'ValidationException' })
    },
  )
})

describe('UpdatePrimaryRegion', () => {
  it('changes the roles', async () => {
    const { east, west, primary, replica, KeyId } = await startWithReplica()
    await east.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'us-west-2' }))
    const configuration = { PrimaryKey: at(replica), ReplicaKeys: [at(primary)] }
    for (const [client, MultiRegionKeyType] of [
      [east, 'REPLICA'],
      [west, 'PRIMARY'],
    ] as const) {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
      expect(KeyMetadata?.MultiRegionConfiguration).toEqual({
        MultiRegionKeyType,
        ...configuration,
      })
    }
    await west.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }))
  })

  it('needs the primary, and a replica in that region, both enabled', async () => {
    const { east, west, KeyId } = await startWithReplica()
    const update = (client: typeof east, PrimaryRegion: string) =>
      rejection(client.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion })))
    expect(await update(west, 'us-east-1')).toBeInstanceOf(UnsupportedOperationException)
    expect(await update(east, 'eu-west-1')).toBeInstanceOf(NotFoundException)
    expect(await update(east, 'us-east-1')).toMatchObject({
      name: 'ValidationException',
      message: containing('already'),
    })
    await west.send(new DisableKeyCommand({ KeyId }))
    expect(await update(east, 'us-west-2')).toMatchObject({ name: 'DisabledException' })
  })
})
