import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ExpiredImportTokenException,
  GenerateMacCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  IncorrectKeyMaterialException,
  InvalidCiphertextException,
  InvalidImportTokenException,
  KMSInvalidStateException,
  ListKeyRotationsCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  UnsupportedOperationException,
  type AlgorithmSpec,
  type CreateKeyCommandInput,
  type ImportKeyMaterialCommandInput,
  type KMSClient,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LocalKms } from '../../../src/local-kms/index.ts'
import { bits, writtenEcKey } from './der-writer.ts'
import { clientIn, containing, rejection, start } from './harness.ts'

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs
const Plaintext = Buffer.from('sealed with wax')
const KEY_MATERIAL_DOES_NOT_EXPIRE = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-local-kms-'))
})

afterEach(() => rm(folder, { recursive: true }))

async function startWithKey(input: CreateKeyCommandInput = {}) {
  const storePath = join(folder, 'keys.json')
  const { kms, client } = await start({ storePath })
  const made = await client.send(new CreateKeyCommand({ Origin: 'EXTERNAL', ...input }))
  return { kms, client, storePath, KeyId: made.KeyMetadata?.Arn ?? '' }
}

/** As the owner of the material wraps it: OAEP, or AES key wrap with padding under an OAEP-wrapped key. */
function wrap(material: Uint8Array, publicKey: Uint8Array, algorithm: AlgorithmSpec) {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const oaep = (bytes: Uint8Array) =>
    publicEncrypt({ key, padding, oaepHash: algorithm.endsWith('256') ? 'sha256' : 'sha1' }, bytes)
  if (algorithm.startsWith('RSAES')) return oaep(material)
  const aesKey = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', aesKey, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([oaep(aesKey), cipher.update(material), cipher.final()])
}

async function parametersFor(
  client: KMSClient,
  KeyId: string,
  WrappingAlgorithm: AlgorithmSpec = 'RSAES_OAEP_SHA_256',
  WrappingKeySpec: WrappingKeySpec = 'RSA_2048',
) {
  return client.send(
    new GetParametersForImportCommand({ KeyId, WrappingAlgorithm, WrappingKeySpec }),
  )
}

async function importInto(
  client: KMSClient,
  KeyId: string,
  material: Uint8Array,
  {
    algorithm = 'RSAES_OAEP_SHA_256',
    parameters,
    ...more
  }: Partial<ImportKeyMaterialCommandInput> & {
    algorithm?: AlgorithmSpec
    parameters?: Awaited<ReturnType<typeof parametersFor>>
  } = {},
) {
  const { ImportToken, PublicKey = new Uint8Array() } =
    parameters ?? (await parametersFor(client, KeyId, algorithm))
  return client.send(
    new ImportKeyMaterialCommand({
      KeyId,
      ImportToken,
      EncryptedKeyMaterial: wrap(material, PublicKey, algorithm),
      ...(more.ValidTo ? {} : KEY_MATERIAL_DOES_NOT_EXPIRE),
      ...more,
    }),
  )
}

async function describeKey(client: KMSClient, KeyId: string) {
  return (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata
}

describe('a key with Origin EXTERNAL', () => {
  it('waits for its material', async () => {
    const { client, KeyId } = await startWithKey()
    const metadata = await describeKey(client, KeyId)
    expect(metadata).toMatchObject({
      KeyState: 'PendingImport',
      Enabled: false,
      Origin: 'EXTERNAL',
    })
    expect(metadata).not.toHaveProperty('ExpirationModel')
    const error = await rejection(client.send(new EncryptCommand({ KeyId, Plaintext })))
    expect(error).toBeInstanceOf(KMSInvalidStateException)
    expect(error).toMatchObject({ message: `${KeyId} is pending import.` })
  })

  it.each([
    ['RSAES_OAEP_SHA_1', 'RSA_2048'],
    ['RSAES_OAEP_SHA_256', 'RSA_3072'],
    ['RSAES_OAEP_SHA_256', 'RSA_4096'],
    ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_2048'],
    ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048'],
  ] as const)('takes it wrapped by %s under %s', async (algorithm, spec) => {
    const { client, KeyId } = await startWithKey()
    const parameters = await parametersFor(client, KeyId, algorithm, spec)
    const { ImportToken, PublicKey = new Uint8Array() } = parameters
    expect(ImportToken?.length).toBeLessThanOrEqual(6144)
    const imported = await client.send(
      new ImportKeyMaterialCommand({
        KeyId,
        ImportToken,
        EncryptedKeyMaterial: wrap(randomBytes(32), PublicKey, algorithm),
        ...KEY_MATERIAL_DOES_NOT_EXPIRE,
      }),
    )
    expect(imported.KeyId).toBe(KeyId)
    const metadata = await describeKey(client, KeyId)
    expect(metadata).toMatchObject({
      KeyState: 'Enabled',
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      CurrentKeyMaterialId: imported.KeyMaterialId,
    })
    expect(metadata).not.toHaveProperty('ValidTo')
    await client.send(new EncryptCommand({ KeyId, Plaintext }))
  })

  it('may be an HMAC key or an asymmetric one', async () => {
    const { client } = await startWithKey()
    const create = async (input: CreateKeyCommandInput) => {
      const made = await client.send(new CreateKeyCommand({ Origin: 'EXTERNAL', ...input }))
      return made.KeyMetadata?.Arn ?? ''
    }
    const hmac = await create({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    await importInto(client, hmac, Buffer.alloc(40, 7))
    await client.send(
      new GenerateMacCommand({ KeyId: hmac, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }),
    )
    const pairs = [
      [
        { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
        generateKeyPairSync('rsa', { modulusLength: 2048 }),
      ],
      [
        { KeySpec: 'ECC_NIST_P384', KeyUsage: 'KEY_AGREEMENT' },
        generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
      ],
    ] as const
    for (const [input, { privateKey, publicKey }] of pairs) {
      const KeyId = await create(input)
      const algorithm = 'RSA_AES_KEY_WRAP_SHA_256'
      const der = privateKey.export({ format: 'der', type: 'pkcs8' })
      await importInto(client, KeyId, der, { algorithm })
      const { PublicKey = [] } = await client.send(new GetPublicKeyCommand({ KeyId }))
      expect(Buffer.from(PublicKey)).toEqual(publicKey.export({ format: 'der', type: 'spki' }))
    }
  })

  it('takes no material that does not fit its spec', async () => {
    const { client, KeyId } = await startWithKey()
    const parameters = await parametersFor(client, KeyId)
    for (const length of [16, 31, 33]) {
      const error = await rejection(importInto(client, KeyId, randomBytes(length), { parameters }))
      expect(error).toBeInstanceOf(IncorrectKeyMaterialException)
    }
    const spec = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' } as const
    const made = await client.send(new CreateKeyCommand({ Origin: 'EXTERNAL', ...spec }))
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
    const algorithm = 'RSA_AES_KEY_WRAP_SHA_256'
    for (const der of [
      privateKey.export({ format: 'der', type: 'pkcs8' }),
      writtenEcKey({ scalar: Buffer.of(1), publicKey: bits(Buffer.of(0)) }),
    ]) {
      const error = await rejection(
        importInto(client, made.KeyMetadata?.Arn ?? '', der, { algorithm }),
      )
      expect(error).toBeInstanceOf(IncorrectKeyMaterialException)
    }
  })
})

describe('an import', () => {
  it('needs a token of the key that is no older than 24 hours', async () => {
    const { kms, client, KeyId } = await startWithKey()
    const before = Date.now()
    const {
      ImportToken = new Uint8Array(),
      PublicKey = new Uint8Array(),
      ParametersValidTo,
    } = await parametersFor(client, KeyId)
    const hours = ((ParametersValidTo?.getTime() ?? 0) - before) / hourMs
    expect(Math.round(hours)).toBe(24)
    const EncryptedKeyMaterial = wrap(randomBytes(32), PublicKey, 'RSAES_OAEP_SHA_256')
    const send = (change: object) =>
      rejection(
        client.send(
          new ImportKeyMaterialCommand({
            KeyId,
            ImportToken,
            EncryptedKeyMaterial,
            ...KEY_MATERIAL_DOES_NOT_EXPIRE,
            ...change,
          }),
        ),
      )
    const other = await client.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }))
    for (const change of [
      { KeyId: other.KeyMetadata?.KeyId },
      { ImportToken: ImportToken.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) },
      { ImportToken: ImportToken.subarray(1) },
      { ImportToken: Uint8Array.of(1) },
    ]) {
      expect(await send(change)).toBeInstanceOf(InvalidImportTokenException)
    }
    kms.advanceClock(24 * hourMs)
    expect(await send({})).toBeInstanceOf(ExpiredImportTokenException)
  })

  it('needs the material under the public key that came with the token', async () => {
    const { client, KeyId } = await startWithKey()
    const [first, second] = [
      await parametersFor(client, KeyId),
      await parametersFor(client, KeyId, 'RSA_AES_KEY_WRAP_SHA_256'),
    ]
    const wrapped = wrap(
      randomBytes(32),
      second.PublicKey ?? new Uint8Array(),
      'RSA_AES_KEY_WRAP_SHA_256',
    )
    for (const [{ ImportToken }, EncryptedKeyMaterial] of [
      [first, wrapped],
      [first, randomBytes(256)],
      [second, wrapped.subarray(0, -1)],
      [second, wrapped.map((byte, at) => (at === wrapped.length - 1 ? byte ^ 1 : byte))],
    ] as const) {
      const error = await rejection(
        client.send(
          new ImportKeyMaterialCommand({
            KeyId,
            ImportToken,
            EncryptedKeyMaterial,
            ...KEY_MATERIAL_DOES_NOT_EXPIRE,
          }),
        ),
      )
      expect(error).toBeInstanceOf(InvalidCiphertextException)
    }
    expect(await describeKey(client, KeyId)).toMatchObject({ KeyState: 'PendingImport' })
  })

  it.each<[string, Partial<ImportKeyMaterialCommandInput>]>([
    ['expires and does not say when', { ExpirationModel: 'KEY_MATERIAL_EXPIRES' }],
    ['has expired already', { ValidTo: new Date(Date.now() - 1000) }],
    ['expires in more than a year', { ValidTo: new Date(Date.now() + 366 * dayMs) }],
    [
      'does not expire and says when',
      { ValidTo: new Date(Date.now() + dayMs), ...KEY_MATERIAL_DOES_NOT_EXPIRE },
    ],
  ])('is refused where the material %s', async (_, input) => {
    const { client, KeyId } = await startWithKey()
    const bytes = Uint8Array.of(1)
    const command = new ImportKeyMaterialCommand({
      KeyId,
      ImportToken: bytes,
      EncryptedKeyMaterial: bytes,
      ...input,
    })
    expect(await rejection(client.send(command))).toMatchObject({
      name: 'ValidationException',
      message: containing('alid'),
    })
  })

  it('is for keys with Origin EXTERNAL', async () => {
    const { kms, client } = await startWithKey()
    const KeyId = await kms.createKey()
    const parameters = await rejection(parametersFor(client, KeyId))
    expect(parameters).toBeInstanceOf(UnsupportedOperationException)
    expect(parameters).toMatchObject({
      message: `${KeyId} origin is AWS_KMS which is not valid for this operation.`,
    })
    const command = new DeleteImportedKeyMaterialCommand({ KeyId })
    expect(await rejection(client.send(command))).toBeInstanceOf(UnsupportedOperationException)
  })

  it('is not for a key that is pending deletion', async () => {
    const { client, KeyId } = await startWithKey()
    await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await rejection(parametersFor(client, KeyId))).toBeInstanceOf(KMSInvalidStateException)
  })
})

describe('imported key material', () => {
  it('is gone from the store once it is deleted, and back with the same material', async () => {
    const { client, storePath, KeyId } = await startWithKey()
    const material = randomBytes(32)
    const inStore = async () =>
      (await readFile(storePath, 'utf8')).includes(material.toString('base64'))
    await importInto(client, KeyId, material)
    expect(await inStore()).toBe(true)
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext }))
    const decrypt = () => client.send(new DecryptCommand({ CiphertextBlob }))

    const list = new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
    const { Rotations: before } = await client.send(list)
    expect(before).toMatchObject([
      { KeyMaterialState: 'CURRENT', ImportState: 'IMPORTED', ...KEY_MATERIAL_DOES_NOT_EXPIRE },
    ])
    await client.send(new DeleteImportedKeyMaterialCommand({ KeyId }))
    expect(await inStore()).toBe(false)
    const { Rotations: after } = await client.send(list)
    expect(after).toMatchObject([{ ImportState: 'PENDING_IMPORT' }])
    expect(after?.[0]).not.toHaveProperty('ExpirationModel')
    expect(after?.[0]?.KeyMaterialId).toBe(before?.[0]?.KeyMaterialId)
    expect(await describeKey(client, KeyId)).toMatchObject({ KeyState: 'PendingImport' })
    expect(await rejection(decrypt())).toBeInstanceOf(KMSInvalidStateException)
    await client.send(new DeleteImportedKeyMaterialCommand({ KeyId }))

    const other = await rejection(importInto(client, KeyId, randomBytes(32)))
    expect(other).toBeInstanceOf(IncorrectKeyMaterialException)
    await importInto(client, KeyId, material)
    expect((await decrypt()).Plaintext).toEqual(new Uint8Array(Plaintext))
  })

  it('keeps its description, over a deletion and a restart too, until it gets another', async () => {
    const { kms, client, KeyId, storePath } = await startWithKey()
    const material = randomBytes(32)
    const list = new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
    const describedIn = async (from: KMSClient) =>
      (await from.send(list)).Rotations?.map((entry) => entry.KeyMaterialDescription)
    await importInto(client, KeyId, material)
    expect(await describedIn(client)).toEqual([undefined])
    await importInto(client, KeyId, material, { KeyMaterialDescription: 'of 2026' })
    expect(await describedIn(client)).toEqual(['of 2026'])
    await client.send(new DeleteImportedKeyMaterialCommand({ KeyId }))
    await importInto(client, KeyId, material)
    await kms.close()
    const second = await start({ storePath })
    expect(await describedIn(second.client)).toEqual(['of 2026'])
    await importInto(second.client, KeyId, material, { KeyMaterialDescription: 'another' })
    expect(await describedIn(second.client)).toEqual(['another'])
    const wrong = importInto(second.client, KeyId, material, { KeyMaterialDescription: 'of {' })
    expect(await rejection(wrong)).toMatchObject({ name: 'ValidationException' })
  })

  it.each([
    ['with close', (kms: LocalKms) => kms.close()],
    [
      'when LocalKms is started again',
      async (kms: LocalKms, storePath: string) => {
        const text = await readFile(storePath, 'utf8')
        await kms.close()
        await writeFile(storePath, text.replace(/("expiresAt": )\d+/, '$11'), { mode: 0o600 })
        await start({ storePath })
      },
    ],
  ])('that has expired is gone from the store %s', async (_, end) => {
    const { kms, client, KeyId, storePath } = await startWithKey()
    const material = randomBytes(32)
    const ValidTo = new Date(Date.now() + hourMs)
    await importInto(client, KeyId, material, { ValidTo, ExpirationModel: 'KEY_MATERIAL_EXPIRES' })
    expect(await readFile(storePath, 'utf8')).toContain(material.toString('base64'))
    kms.advanceClock(hourMs)
    await end(kms, storePath)
    expect(await readFile(storePath, 'utf8')).not.toContain(material.toString('base64'))
  })

  it('is gone when it expires', async () => {
    const { kms, client, storePath, KeyId } = await startWithKey()
    const material = randomBytes(32)
    const ValidTo = new Date(Math.floor(Date.now() / 1000) * 1000 + 10 * dayMs)
    await importInto(client, KeyId, material, { ValidTo })
    expect(await describeKey(client, KeyId)).toMatchObject({
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo,
    })
    kms.advanceClock(9 * dayMs)
    await client.send(new EncryptCommand({ KeyId, Plaintext }))
    kms.advanceClock(1 * dayMs)
    const metadata = await describeKey(client, KeyId)
    expect(metadata).toMatchObject({ KeyState: 'PendingImport' })
    expect(metadata).not.toHaveProperty('ValidTo')
    expect(await readFile(storePath, 'utf8')).not.toContain(material.toString('base64'))
    await importInto(client, KeyId, material)
    await client.send(new EncryptCommand({ KeyId, Plaintext }))
  })

  it('may be imported again to expire at another time', async () => {
    const { kms, client, KeyId } = await startWithKey()
    const material = randomBytes(32)
    await importInto(client, KeyId, material, { ValidTo: new Date(Date.now() + 10 * dayMs) })
    await importInto(client, KeyId, material)
    kms.advanceClock(20 * dayMs)
    expect(await describeKey(client, KeyId)).toMatchObject({ KeyState: 'Enabled' })
  })

  it('decides what is left of the key when its deletion is called off', async () => {
    const { kms, client, KeyId } = await startWithKey()
    const callOff = async () => {
      await client.send(new CancelKeyDeletionCommand({ KeyId }))
      return (await describeKey(client, KeyId))?.KeyState
    }
    const schedule = () => client.send(new ScheduleKeyDeletionCommand({ KeyId }))
    await schedule()
    expect(await callOff()).toBe('PendingImport')
    await importInto(client, KeyId, randomBytes(32), { ValidTo: new Date(Date.now() + 10 * dayMs) })
    await schedule()
    expect(await callOff()).toBe('Disabled')
    await schedule()
    kms.advanceClock(11 * dayMs)
    expect(await describeKey(client, KeyId)).toMatchObject({ KeyState: 'PendingDeletion' })
    expect(await callOff()).toBe('PendingImport')
  })

  it('is imported into each region, and is the same there', async () => {
    const { kms, client: east, KeyId: primary } = await startWithKey({ MultiRegion: true })
    const west = clientIn(kms, 'us-west-2')
    const KeyId = primary.slice(primary.indexOf('/') + 1)
    const replicate = new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-west-2' })
    expect(await rejection(east.send(replicate))).toBeInstanceOf(KMSInvalidStateException)
    const material = randomBytes(32)
    await importInto(east, KeyId, material)
    await east.send(replicate)
    expect(await describeKey(west, KeyId)).toMatchObject({ KeyState: 'PendingImport' })
    const other = await rejection(importInto(west, KeyId, randomBytes(32)))
    expect(other).toBeInstanceOf(IncorrectKeyMaterialException)
    await importInto(west, KeyId, material)
    const { CiphertextBlob } = await east.send(new EncryptCommand({ KeyId, Plaintext }))
    const opened = await west.send(new DecryptCommand({ CiphertextBlob }))
    expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
    await east.send(new DeleteImportedKeyMaterialCommand({ KeyId }))
    await west.send(new DecryptCommand({ CiphertextBlob }))
  })
})
