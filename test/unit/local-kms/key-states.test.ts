import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisabledException,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetPublicKeyCommand,
  KMSInvalidStateException,
  ListAliasesCommand,
  ListKeysCommand,
  NotFoundException,
  ReEncryptCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
  UpdatePrimaryRegionCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { clientIn, rejection, start } from './harness.ts'

const dayMs = 24 * 60 * 60 * 1000
const Plaintext = Buffer.from('sealed with wax')

async function startWithKey(alias?: string) {
  const { kms, client } = await start()
  const KeyId = await kms.createKey(alias === undefined ? {} : { alias })
  return { kms, client, KeyId }
}

async function stateOf(client: KMSClient, KeyId: string) {
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
  return KeyMetadata
}

describe('EnableKey and DisableKey', () => {
  it('say so in the state, and may be repeated', async () => {
    const { client, KeyId } = await startWithKey()
    for (const [command, KeyState, Enabled] of [
      [new DisableKeyCommand({ KeyId }), 'Disabled', false],
      [new DisableKeyCommand({ KeyId }), 'Disabled', false],
      [new EnableKeyCommand({ KeyId }), 'Enabled', true],
      [new EnableKeyCommand({ KeyId }), 'Enabled', true],
    ] as const) {
      await (command instanceof EnableKeyCommand ? client.send(command) : client.send(command))
      expect(await stateOf(client, KeyId)).toMatchObject({ KeyState, Enabled })
    }
  })

  it('bring back what the key had encrypted', async () => {
    const { client, KeyId } = await startWithKey()
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
    await client.send(new DisableKeyCommand({ KeyId }))
    const decrypt = () => client.send(new DecryptCommand({ CiphertextBlob }))
    expect(await rejection(decrypt())).toBeInstanceOf(DisabledException)
    await client.send(new EnableKeyCommand({ KeyId }))
    expect((await decrypt()).Plaintext).toEqual(new Uint8Array(Plaintext))
  })

  it('take no alias', async () => {
    const { client } = await startWithKey('alias/orders')
    const error = await rejection(client.send(new DisableKeyCommand({ KeyId: 'alias/orders' })))
    expect(error).toMatchObject({ name: 'InvalidArnException' })
  })
})

describe('ScheduleKeyDeletion', () => {
  it('waits 30 days, or 7 to 30', async () => {
    const { client } = await start()
    for (const [PendingWindowInDays, days] of [
      [undefined, 30],
      [7, 7],
      [30, 30],
    ] as const) {
      const made = await client.send(new CreateKeyCommand({}))
      const KeyId = made.KeyMetadata?.Arn ?? ''
      const before = Date.now()
      const scheduled = await client.send(
        new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }),
      )
      expect(scheduled).toMatchObject({
        KeyId,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: days,
      })
      const waitMs = (scheduled.DeletionDate?.getTime() ?? 0) - before
      expect(Math.round(waitMs / dayMs)).toBe(days)
      expect(await stateOf(client, KeyId)).toMatchObject({
        KeyState: 'PendingDeletion',
        Enabled: false,
        DeletionDate: scheduled.DeletionDate,
      })
    }
    for (const PendingWindowInDays of [6, 31]) {
      const command = new ScheduleKeyDeletionCommand({ KeyId: 'any', PendingWindowInDays })
      expect(await rejection(client.send(command))).toMatchObject({ name: 'ValidationException' })
    }
  })

  it('takes the key, its aliases and its ciphertexts away when the date has passed', async () => {
    const { kms, client, KeyId } = await startWithKey('alias/orders')
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    kms.advanceClock(7 * dayMs - 60_000)
    expect(await stateOf(client, 'alias/orders')).toMatchObject({ KeyState: 'PendingDeletion' })
    kms.advanceClock(60_000)
    for (const gone of [KeyId, 'alias/orders']) {
      const error = await rejection(client.send(new DescribeKeyCommand({ KeyId: gone })))
      expect(error).toBeInstanceOf(NotFoundException)
    }
    expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([])
    expect((await client.send(new ListAliasesCommand({}))).Aliases).toEqual([])
    expect(await rejection(client.send(new DecryptCommand({ CiphertextBlob })))).toMatchObject({
      name: 'AccessDeniedException',
    })
  })

  it('can be called off, which leaves the key disabled', async () => {
    const { kms, client, KeyId } = await startWithKey()
    const cancel = () => client.send(new CancelKeyDeletionCommand({ KeyId }))
    expect(await rejection(cancel())).toMatchObject({
      name: 'KMSInvalidStateException',
      message: `${KeyId} is not pending deletion.`,
    })
    await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect((await cancel()).KeyId).toBe(KeyId)
    kms.advanceClock(31 * dayMs)
    const metadata = await stateOf(client, KeyId)
    expect(metadata).toMatchObject({ KeyState: 'Disabled' })
    expect(metadata).not.toHaveProperty('DeletionDate')
    expect(await rejection(cancel())).toBeInstanceOf(KMSInvalidStateException)
  })

  it('has a primary key wait for its replicas', async () => {
    const { kms, client: east } = await start()
    const west = clientIn(kms, 'us-west-2')
    const made = await east.send(new CreateKeyCommand({ MultiRegion: true }))
    const KeyId = made.KeyMetadata?.KeyId ?? ''
    for (const ReplicaRegion of ['us-west-2', 'eu-west-1']) {
      await east.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion }))
    }
    const days = (PendingWindowInDays: number) =>
      new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays })

    const scheduled = await east.send(days(10))
    expect(scheduled).toMatchObject({
      KeyState: 'PendingReplicaDeletion',
      PendingWindowInDays: 10,
    })
    expect(scheduled).not.toHaveProperty('DeletionDate')
    kms.advanceClock(100 * dayMs)
    expect(await stateOf(east, KeyId)).toMatchObject({
      KeyState: 'PendingReplicaDeletion',
      PendingDeletionWindowInDays: 10,
    })

    await clientIn(kms, 'eu-west-1').send(days(7))
    kms.advanceClock(8 * dayMs)
    expect(await stateOf(east, KeyId)).toMatchObject({ KeyState: 'PendingReplicaDeletion' })

    await west.send(days(7))
    kms.advanceClock(12 * dayMs) // the replica is gone after 7, and the primary waits since then
    expect(await rejection(west.send(new DescribeKeyCommand({ KeyId })))).toBeInstanceOf(
      NotFoundException,
    )
    const metadata = await stateOf(east, KeyId)
    expect(metadata?.KeyState).toBe('PendingDeletion')
    expect(metadata?.MultiRegionConfiguration?.ReplicaKeys).toEqual([])
    kms.advanceClock(5 * dayMs)
    expect(await rejection(east.send(new DescribeKeyCommand({ KeyId })))).toBeInstanceOf(
      NotFoundException,
    )
  })
})

/** What a request needs, whichever it is. */
interface Subject {
  client: KMSClient
  KeyId: string
  CiphertextBlob: Uint8Array | undefined
}

const uses: Record<string, (subject: Subject) => Promise<unknown>> = {
  Encrypt: ({ client, KeyId }) => client.send(new EncryptCommand({ KeyId, Plaintext })),
  Decrypt: ({ client, KeyId, CiphertextBlob }) =>
    client.send(new DecryptCommand({ KeyId, CiphertextBlob })),
  'Decrypt without KeyId': ({ client, CiphertextBlob }) =>
    client.send(new DecryptCommand({ CiphertextBlob })),
  ReEncrypt: ({ client, KeyId, CiphertextBlob }) =>
    client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId })),
  GenerateDataKey: ({ client, KeyId }) =>
    client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
  GenerateDataKeyWithoutPlaintext: ({ client, KeyId }) =>
    client.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' })),
  GenerateDataKeyPair: ({ client, KeyId }) =>
    client.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })),
  CreateGrant: ({ client, KeyId }) =>
    client.send(
      new CreateGrantCommand({
        KeyId,
        GranteePrincipal: 'arn:aws:iam::000000000000:role/reader',
        Operations: ['Decrypt'],
      }),
    ),
  ReplicateKey: ({ client, KeyId }) =>
    client.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' })),
  UpdatePrimaryRegion: ({ client, KeyId }) =>
    client.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion: 'us-west-2' })),
}

const changes: Record<string, (subject: Subject) => Promise<unknown>> = {
  CreateAlias: ({ client, KeyId }) =>
    client.send(new CreateAliasCommand({ AliasName: 'alias/new', TargetKeyId: KeyId })),
  UpdateAlias: ({ client, KeyId }) =>
    client.send(new UpdateAliasCommand({ AliasName: 'alias/old', TargetKeyId: KeyId })),
  TagResource: ({ client, KeyId }) =>
    client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'team', TagValue: 'a' }] })),
  UntagResource: ({ client, KeyId }) =>
    client.send(new UntagResourceCommand({ KeyId, TagKeys: ['team'] })),
  UpdateKeyDescription: ({ client, KeyId }) =>
    client.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'new' })),
  ScheduleKeyDeletion: ({ client, KeyId }) =>
    client.send(new ScheduleKeyDeletionCommand({ KeyId })),
  DisableKey: ({ client, KeyId }) => client.send(new DisableKeyCommand({ KeyId })),
  EnableKey: ({ client, KeyId }) => client.send(new EnableKeyCommand({ KeyId })),
}

/** What each state lets through besides: `uses` need a key that is enabled. */
const failsWhilePendingImport = new Set(['EnableKey', 'DisableKey', ...Object.keys(uses)])

/** What needs a ciphertext of the key, which one that was never imported cannot have. */
const needsCiphertext = new Set(['Decrypt', 'Decrypt without KeyId', 'ReEncrypt'])

async function startWithSubject() {
  const { kms, client } = await start()
  await kms.createKey({ alias: 'alias/old' })
  const made = await client.send(new CreateKeyCommand({ MultiRegion: true }))
  const KeyId = made.KeyMetadata?.Arn ?? ''
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
  const replicate = () =>
    client.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-west-2' }))
  return { client, KeyId, CiphertextBlob, replicate }
}

describe.each(Object.entries({ ...uses, ...changes }))(
  '%s, by the state of the key',
  (name, use) => {
    it.each(['pending deletion', 'pending replica deletion'])(
      'fails while it is %s',
      async (state) => {
        const { replicate, ...subject } = await startWithSubject()
        const { client, KeyId } = subject
        if (state === 'pending replica deletion') await replicate()
        await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
        const hasNoReplica = name === 'UpdatePrimaryRegion' && state === 'pending deletion'
        expect(await rejection(use(subject))).toMatchObject(
          hasNoReplica
            ? { name: 'NotFoundException' }
            : { name: 'KMSInvalidStateException', message: `${KeyId} is ${state}.` },
        )
        await client.send(new CancelKeyDeletionCommand({ KeyId }))
      },
    )

    it(
      name in uses ? 'fails while it is disabled' : 'does not mind that it is disabled',
      async () => {
        const { replicate, ...subject } = await startWithSubject()
        const { client, KeyId } = subject
        await replicate()
        await client.send(new DisableKeyCommand({ KeyId }))
        if (name in uses) {
          const error = await rejection(use(subject))
          expect(error).toBeInstanceOf(DisabledException)
          expect(error).toMatchObject({ message: `${KeyId} is disabled.` })
        } else {
          await use(subject)
        }
      },
    )
  },
)

describe.each(
  Object.entries({ ...uses, ...changes }).filter(([name]) => !needsCiphertext.has(name)),
)('%s, by the state of the key', (name, use) => {
  const fails = failsWhilePendingImport.has(name)
  it(`${fails ? 'fails' : 'succeeds'} while it is pending import`, async () => {
    const { kms, client } = await start()
    await kms.createKey({ alias: 'alias/old' })
    const external = { Origin: 'EXTERNAL', MultiRegion: true } as const
    const { KeyMetadata } = await client.send(new CreateKeyCommand(external))
    const KeyId = KeyMetadata?.Arn ?? ''
    const used = use({ client, KeyId, CiphertextBlob: undefined })
    if (!fails) {
      await used
      return
    }
    expect(await rejection(used)).toMatchObject({
      name: name === 'UpdatePrimaryRegion' ? 'NotFoundException' : 'KMSInvalidStateException',
    })
  })
})

describe('an asymmetric key that is disabled', () => {
  it('shows no public key and agrees on nothing', async () => {
    const { client } = await start()
    const spec = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' } as const
    const { KeyMetadata } = await client.send(new CreateKeyCommand(spec))
    const KeyId = KeyMetadata?.KeyId
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId }))
    await client.send(new DisableKeyCommand({ KeyId }))
    const get = client.send(new GetPublicKeyCommand({ KeyId }))
    expect(await rejection(get)).toBeInstanceOf(DisabledException)
    const derive = client.send(
      new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }),
    )
    expect(await rejection(derive)).toBeInstanceOf(DisabledException)
  })
})
