import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  KMSInternalException,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EnvelopeError } from '../../../src/errors.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { bits, writtenEcKey } from './der-writer.ts'
import { clientIn, containing, rejection, start } from './harness.ts'

const Plaintext = Buffer.from('sealed with wax')
/** Node 20 ends the process when it is asked about this key. */
const atInfinity = writtenEcKey({ scalar: Buffer.of(1), publicKey: bits(Buffer.of(0)) })
const posixOnly = it.skipIf(process.platform === 'win32')

let folder = ''
let storePath = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-local-kms-'))
  storePath = join(folder, 'keys.json')
})

afterEach(() => rm(folder, { recursive: true }))

describe('a store file', () => {
  it('keeps keys and aliases over a restart', async () => {
    const first = await start({ storePath })
    const KeyId = await first.kms.createKey({ alias: 'alias/orders' })
    const { KeyMetadata } = await first.client.send(new CreateKeyCommand({ Description: 'é' }))
    const other = { AliasName: 'alias/other', TargetKeyId: KeyMetadata?.KeyId }
    await first.client.send(new CreateAliasCommand(other))
    const { CiphertextBlob } = await first.client.send(new EncryptCommand({ KeyId, Plaintext }))
    const aliases = await first.client.send(new ListAliasesCommand({}))
    await first.kms.close()

    const second = await start({ storePath })
    const opened = await second.client.send(
      new DecryptCommand({ CiphertextBlob, KeyId: 'alias/orders' }),
    )
    expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
    const described = await second.client.send(new DescribeKeyCommand({ KeyId: 'alias/other' }))
    expect(described.KeyMetadata).toEqual(KeyMetadata)
    const aliasesNow = await second.client.send(new ListAliasesCommand({}))
    expect(aliasesNow.Aliases).toEqual(aliases.Aliases)
  })

  it('keeps all that there is to a key', async () => {
    const first = await start({ storePath })
    const Tags = [{ TagKey: '__proto__', TagValue: 'é' }]
    const inputs: CreateKeyCommandInput[] = [
      { Tags, Policy: '{}' },
      { MultiRegion: true },
      { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
      { KeySpec: 'ECC_NIST_P521', KeyUsage: 'KEY_AGREEMENT' },
      { KeySpec: 'HMAC_384', KeyUsage: 'GENERATE_VERIFY_MAC' },
      { Origin: 'EXTERNAL' },
    ]
    const ids: (string | undefined)[] = []
    for (const input of inputs) {
      const { KeyMetadata } = await first.client.send(new CreateKeyCommand(input))
      ids.push(KeyMetadata?.KeyId)
    }
    const [first0, multiRegion, rsa, ecc] = ids
    await first.client.send(
      new ReplicateKeyCommand({ KeyId: multiRegion, ReplicaRegion: 'us-west-2' }),
    )
    await first.client.send(new DisableKeyCommand({ KeyId: multiRegion }))
    await first.client.send(new ScheduleKeyDeletionCommand({ KeyId: first0 }))
    const describeAll = (client: typeof first.client) =>
      Promise.all(
        ids.map(
          async (KeyId) => (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata,
        ),
      )
    const publicKeys = (client: typeof first.client) =>
      Promise.all(
        [rsa, ecc].map(
          async (KeyId) => (await client.send(new GetPublicKeyCommand({ KeyId }))).PublicKey,
        ),
      )
    const before = [await describeAll(first.client), await publicKeys(first.client)]
    await first.kms.close()
    const text = await readFile(storePath, 'utf8')

    const second = await start({ storePath })
    expect([await describeAll(second.client), await publicKeys(second.client)]).toEqual(before)
    expect(await readFile(storePath, 'utf8')).toBe(text)
    await second.client.send(new CreateKeyCommand({}))
    const { keys } = JSON.parse(text) as { keys: unknown[] }
    expect(JSON.parse(await readFile(storePath, 'utf8'))).toMatchObject({
      keys: [...keys, {}],
    })
  })

  it('keeps rotations and grants', async () => {
    const first = await start({ storePath })
    const KeyId = await first.kms.createKey()
    const { CiphertextBlob } = await first.client.send(new EncryptCommand({ KeyId, Plaintext }))
    await first.client.send(new RotateKeyOnDemandCommand({ KeyId }))
    await first.client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    const { GrantToken } = await first.client.send(
      new CreateGrantCommand({
        KeyId,
        GranteePrincipal: 'arn:aws:iam::000000000000:role/reader',
        Operations: ['Decrypt'],
        Constraints: { EncryptionContextSubset: { tenant: '7' } },
      }),
    )
    const look = async (client: typeof first.client) => [
      (await client.send(new ListKeyRotationsCommand({ KeyId }))).Rotations,
      (await client.send(new GetKeyRotationStatusCommand({ KeyId }))).NextRotationDate,
      (await client.send(new ListGrantsCommand({ KeyId }))).Grants,
    ]
    const before = await look(first.client)
    await first.kms.close()

    const second = await start({ storePath })
    expect(await look(second.client)).toEqual(before)
    const GrantTokens = GrantToken === undefined ? [] : [GrantToken]
    await second.client.send(new DecryptCommand({ CiphertextBlob, GrantTokens }))
    second.kms.advanceClock(91 * 24 * 60 * 60 * 1000)
    await second.client.send(new ListKeysCommand({}))
    await second.kms.close()

    // What time has brought about is kept like any change: here the clock is back at today.
    const third = await start({ storePath })
    const { Rotations } = await third.client.send(new ListKeyRotationsCommand({ KeyId }))
    expect(Rotations?.map(({ RotationType }) => RotationType)).toEqual(['ON_DEMAND', 'AUTOMATIC'])
    await third.client.send(new DecryptCommand({ CiphertextBlob }))
  })

  it('knows the grant of a name again after a restart', async () => {
    const first = await start({ storePath })
    const KeyId = await first.kms.createKey()
    const GranteePrincipal = 'arn:aws:iam::000000000000:role/reader'
    const named = { KeyId, GranteePrincipal, Operations: ['Decrypt' as const], Name: 'reader' }
    const inputs = [
      named,
      {
        ...named,
        RetiringPrincipal: 'arn:aws:iam::000000000000:role/owner',
        Constraints: { EncryptionContextSubset: { tenant: '7' } },
      },
    ]
    const create = async (client: typeof first.client) => {
      const ids: (string | undefined)[] = []
      for (const input of inputs) {
        ids.push((await client.send(new CreateGrantCommand(input))).GrantId)
      }
      return ids
    }
    const before = await create(first.client)
    await first.kms.close()
    const second = await start({ storePath })
    expect(await create(second.client)).toEqual(before)
  })

  it('is written before close ends, for those too who did not wait', async () => {
    const { kms, client } = await start({ storePath })
    let isMade = false
    const made = kms.createKey({ keySpec: 'RSA_2048' }).then(() => (isMade = true))
    const abort = new AbortController()
    const input = { KeySpec: 'RSA_4096', KeyUsage: 'ENCRYPT_DECRYPT' } as const
    const sent = client.send(new CreateKeyCommand(input), { abortSignal: abort.signal })
    const failed = rejection(sent)
    await vi.waitFor(() => {
      expect(kms.calls({ operation: 'CreateKey' })).toBe(1)
    })
    abort.abort()
    await failed
    await kms.close()
    expect(isMade).toBe(true)
    await made
    const { keys } = JSON.parse(await readFile(storePath, 'utf8')) as { keys: unknown[] }
    expect(keys).toHaveLength(2)
  })

  it('can be read whatever the clock was advanced by', async () => {
    const first = await start({ storePath })
    first.kms.advanceClock(0.3)
    const keyId = await first.kms.createKey()
    await first.kms.close()
    const { kms } = await start({ storePath })
    expect(kms.calls({ keyId })).toBe(0)
  })

  it('says it where close can not keep what is due', async () => {
    const kms = await LocalKms.start({ storePath, log: () => {} })
    const client = clientIn(kms)
    const KeyId = await kms.createKey()
    await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    await rm(storePath)
    await mkdir(storePath)
    kms.advanceClock(31 * 24 * 60 * 60 * 1000)
    expect(await rejection(kms.close())).toMatchObject({ code: 'ERR_LOCAL_KMS' })
  })

  it('holds the keys of every region, and shows those of its own', async () => {
    const west = await start({ storePath, region: 'us-west-2' })
    const arn = await west.kms.createKey()
    await west.kms.close()
    const east = await start({ storePath })
    await east.kms.createKey()
    const { Keys } = await east.client.send(new ListKeysCommand({}))
    expect(Keys?.map(({ KeyArn }) => KeyArn)).not.toContain(arn)
    await east.kms.close()
    const again = await start({ storePath, region: 'us-west-2' })
    await again.client.send(new DescribeKeyCommand({ KeyId: arn }))
  })

  posixOnly('is for its owner only, from the start', async () => {
    const { kms } = await start({ storePath })
    expect((await stat(storePath)).mode & 0o777).toBe(0o600)
    await kms.createKey()
    expect((await stat(storePath)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['keys.json'])
  })

  posixOnly('that others may read is warned of, and left as it is', async () => {
    await (await start({ storePath })).kms.close()
    await chmod(storePath, 0o644)
    const warnings: string[] = []
    await start({ storePath, log: (message) => warnings.push(message) })
    expect(warnings.join()).toContain(`chmod 600 ${storePath}`)
    expect((await stat(storePath)).mode & 0o777).toBe(0o644)
  })

  it('loses none of the keys made in parallel', async () => {
    const { kms, client } = await start({ storePath })
    const made = await Promise.all([
      ...Array.from({ length: 10 }, () => kms.createKey()),
      ...Array.from({ length: 10 }, async () => {
        const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
        return KeyMetadata?.Arn
      }),
    ])
    await kms.close()
    const again = await start({ storePath })
    const { Keys } = await again.client.send(new ListKeysCommand({}))
    expect(Keys?.map(({ KeyArn }) => KeyArn)).toEqual([...made].sort())
  })

  it('gives an alias asked for twice in parallel to one key', async () => {
    const { kms, client } = await start({ storePath })
    const alias = 'alias/orders'
    const settled = await Promise.allSettled([kms.createKey({ alias }), kms.createKey({ alias })])
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await client.send(new ListKeysCommand({}))).Keys).toHaveLength(1)
  })
})

/** As waxseal 0.1.0 wrote them. */
const keyOfVersion1 = 'arn:aws:kms:us-east-1:000000000000:key/6b3e1f0a-0000-4000-8000-000000000000'
const fileOfVersion1 = JSON.stringify({
  format: 'waxseal-local-kms',
  version: 1,
  warning: 'Keys in the clear, for development and tests only.',
  keys: [
    {
      arn: keyOfVersion1,
      description: 'orders',
      createdAt: 1_790_000_000_000,
      material: Buffer.alloc(32, 0x5a).toString('base64'),
    },
  ],
  aliases: [
    {
      arn: 'arn:aws:kms:us-east-1:000000000000:alias/orders',
      keyArn: keyOfVersion1,
      createdAt: 1_790_000_000_000,
    },
  ],
})
const ciphertextOfVersion1 =
  'ASQ2YjNlMWYwYS0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDC2RyplWYOFtbru+LNqcmw/ByJqOs/v1y9v8JjZ1joHdTR+' +
  'eeg7FJths/FjUo5MFA=='

describe('a store file of version 1', () => {
  it('is read, and written as version 2 with the next change', async () => {
    await writeFile(storePath, fileOfVersion1, { mode: 0o600 })
    const materialIds = new Set<unknown>()
    for (const [version, changes] of [
      [1, false],
      [1, true],
      [2, false],
    ] as const) {
      const { kms, client } = await start({ storePath })
      expect(JSON.parse(await readFile(storePath, 'utf8'))).toMatchObject({ version })
      const opened = await client.send(
        new DecryptCommand({
          CiphertextBlob: Buffer.from(ciphertextOfVersion1, 'base64'),
          EncryptionContext: { tenant: '7' },
          KeyId: 'alias/orders',
        }),
      )
      expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
      expect(opened.KeyMaterialId).toMatch(/^[0-9a-f]{64}$/)
      materialIds.add(opened.KeyMaterialId)
      const again = await client.send(new EncryptCommand({ KeyId: 'alias/orders', Plaintext }))
      const reopened = await client.send(
        new DecryptCommand({ CiphertextBlob: again.CiphertextBlob }),
      )
      materialIds.add(reopened.KeyMaterialId)
      if (changes) await kms.createKey()
      await kms.close()
    }
    expect(materialIds.size).toBe(1)
  })
})

describe('a store that can not be used', () => {
  const key = {
    arn: 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000',
    description: '',
    createdAt: 0,
    material: Buffer.alloc(32, 0x5a).toString('base64'),
  }
  const alias = {
    arn: 'arn:aws:kms:us-east-1:000000000000:alias/orders',
    keyArn: key.arn,
    createdAt: 0,
  }
  const file = (change: object = {}) =>
    JSON.stringify({
      format: 'waxseal-local-kms',
      version: 1,
      warning: '',
      keys: [key],
      aliases: [],
      ...change,
    })

  const fileOfVersion2 = (change: object) =>
    JSON.stringify({
      format: 'waxseal-local-kms',
      version: 2,
      warning: '',
      keys: [
        {
          arn: key.arn,
          spec: 'SYMMETRIC_DEFAULT',
          usage: 'ENCRYPT_DECRYPT',
          origin: 'AWS_KMS',
          createdAt: 0,
          description: '',
          tags: [],
          state: { name: 'Enabled' },
          materials: [{ id: '00'.repeat(32), key: key.material }],
          ...change,
        },
      ],
      aliases: [],
      grants: [],
    })

  it('is none of these', async () => {
    await writeFile(storePath, file({ aliases: [alias] }), { mode: 0o600 })
    const first = await start({ storePath })
    await first.client.send(new DescribeKeyCommand({ KeyId: 'alias/orders' }))
    await first.kms.close()
    await writeFile(storePath, fileOfVersion2({}))
    const second = await start({ storePath })
    await second.client.send(new EncryptCommand({ KeyId: key.arn, Plaintext }))
  })

  it.each([
    ['empty', '', 'not valid JSON'],
    ['cut short', file().slice(0, -40), 'not valid JSON'],
    ['not of this library', '{"keys":[]}', 'format'],
    ['of a newer version', file({ version: 3, news: [] }), 'version 3'],
    ['with more than is known', file({ grants: [] }), 'grants'],
    ['with a short key', file({ keys: [{ ...key, material: 'QQ==' }] }), 'keys.0.material'],
    ['with a key that is no base64', file({ keys: [{ ...key, material: 'Wlpa!' }] }), 'material'],
    ['with an ARN that is none', file({ keys: [{ ...key, arn: 'a' }] }), 'keys.0.arn'],
    ['with a key twice', file({ keys: [key, key] }), 'twice'],
    ['with an alias of no key', file({ keys: [], aliases: [alias] }), 'is missing'],
    [
      'with a key that is not of its spec',
      fileOfVersion2({ spec: 'RSA_2048' }),
      'keys.0.materials.0.key',
    ],
    [
      'with an EC key with its public key at infinity',
      fileOfVersion2({
        spec: 'ECC_NIST_P256',
        usage: 'KEY_AGREEMENT',
        materials: [{ id: '00'.repeat(32), key: atInfinity.toString('base64') }],
      }),
      'keys.0.materials.0.key',
    ],
    ['with a usage that is not its own', fileOfVersion2({ usage: 'KEY_AGREEMENT' }), 'usage'],
    ['with a spec that is not known', fileOfVersion2({ spec: 'SM2' }), 'keys.0.spec'],
    ['with a state that is not known', fileOfVersion2({ state: { name: 'Updating' } }), 'state'],
  ])('%s: says which and why, and is left as it was', async (_, text, reason) => {
    await writeFile(storePath, text, { mode: 0o600 })
    const error = await rejection(LocalKms.start({ storePath, log: () => {} }))
    expect(EnvelopeError.is(error) && error.code).toBe('ERR_LOCAL_KMS')
    expect(error).toMatchObject({ message: containing(storePath) })
    expect(error).not.toHaveProperty('cause')
    expect(error).toMatchObject({ message: containing(reason) })
    expect(String(error)).not.toContain('Wlpa')
    expect(await readFile(storePath, 'utf8')).toBe(text)
    expect(await readdir(folder)).toEqual(['keys.json'])
  })

  it('in a folder that does not exist fails at the start', async () => {
    const error = await rejection(start({ storePath: join(folder, 'absent', 'keys.json') }))
    expect(error).toMatchObject({
      code: 'ERR_LOCAL_KMS',
      message: containing('absent'),
      cause: { code: 'ENOENT' },
    })
  })

  it('because another server writes it loses nothing', async () => {
    const first = await start({ storePath })
    const second = await start({ storePath })
    const arn = await first.kms.createKey()
    expect(await rejection(second.kms.createKey())).toMatchObject({
      code: 'ERR_LOCAL_KMS',
      message: containing('a path of its own'),
    })
    await second.kms.close()
    await first.kms.close()
    const third = await start({ storePath })
    await third.client.send(new DescribeKeyCommand({ KeyId: arn }))
  })

  it('because it is gone says so', async () => {
    const { kms } = await start({ storePath })
    await rm(storePath)
    expect(await rejection(kms.createKey())).toMatchObject({
      code: 'ERR_LOCAL_KMS',
      message: containing('the file is gone'),
    })
  })

  it('while running fails the request and leaves no temporary file', async () => {
    const warnings: string[] = []
    const { kms, client } = await start({ storePath, log: (message) => warnings.push(message) })
    const kept = await readFile(storePath)
    await rm(storePath)
    await mkdir(storePath) // the rename onto a folder fails
    const error = await rejection(client.send(new CreateKeyCommand({})))
    expect(error).toBeInstanceOf(KMSInternalException)
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 500 } })
    expect(warnings.at(-1)).toContain('CreateKey')
    expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([])
    expect(await readdir(folder)).toEqual(['keys.json'])

    await rm(storePath, { recursive: true })
    await writeFile(storePath, kept)
    await expect(kms.createKey()).rejects.toMatchObject({ code: 'ERR_LOCAL_KMS' })
  })
})
