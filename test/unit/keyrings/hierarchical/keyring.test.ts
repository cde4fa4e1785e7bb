import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type AlgorithmSuiteName,
  EnvelopeClient,
  MultiKeyring,
  RawAesKeyring,
  nodeBackend,
} from '../../../../src/index.ts'
import { serializeContextByLocale } from '../../../../src/format/encryption-context.ts'
import {
  versionBytes,
  wrapByBranchKey,
} from '../../../../src/keyrings/hierarchical/branch-key-wrapping.ts'
import { nobleBackend } from '../../../../src/noble.ts'
import {
  FakeBranchKeys,
  branchKeyId,
  keyringOn,
  setUp,
  ttlMs,
  unwrap,
  wrapOne,
} from '../../../support/hierarchical.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../../support/materials.ts'

afterEach(() => void vi.useRealTimers())

describe('the hierarchical keyring', () => {
  it.each<[AlgorithmSuiteName, number]>([
    ['ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256', 16],
    ['ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA256', 24],
    ['ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY', 32],
    ['ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384', 32],
  ])('opens what it wraps, under %s', async (algorithmSuite, keyLength) => {
    const { keyring, keyStore } = setUp()
    const client = new EnvelopeClient({
      keyring,
      commitmentPolicy: algorithmSuite.includes('COMMIT')
        ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
        : 'FORBID_ENCRYPT_ALLOW_DECRYPT',
    })
    const encryptionContext = { tenant: 'é', ä: 'b', Z: '' }
    const { ciphertext, header } = await client.encrypt('text', {
      algorithmSuite,
      encryptionContext,
    })
    const [key] = header.encryptedDataKeys
    expect(key?.providerId).toBe('aws-kms-hierarchy')
    expect(Buffer.from(key?.providerInfo ?? []).toString()).toBe(branchKeyId)
    expect(key?.ciphertext).toHaveLength(60 + keyLength)

    const reader = new EnvelopeClient({
      keyring: keyringOn(keyStore, { backend: nobleBackend }),
      commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
    })
    const { plaintext } = await reader.decrypt(ciphertext)
    expect(Buffer.from(plaintext).toString()).toBe('text')
  })

  it('wraps a data key that there is, behind another keyring', async () => {
    const { keyring } = setUp()
    const generator = new RawAesKeyring({
      keyNamespace: 'n',
      keyName: 'k',
      wrappingKey: randomBytes(32),
    })
    const multi = new MultiKeyring({ generator, children: [keyring] })
    const materials = await multi.onEncrypt(encryptionMaterials())
    const { dataKey } = await unwrap(keyring, materials.encryptedDataKeys)
    expect(dataKey).toEqual(Buffer.from(materials.dataKey))
  })

  it('opens data keys that are bound to a context sorted by locale', async () => {
    const { keyring, version, branchKey } = setUp()
    const encryptionContext = { Z: '1', a: '2' } // by bytes in this order, by locale in the other
    const wrapped = wrapByBranchKey(
      nodeBackend,
      encryptionMaterials({ encryptionContext }),
      {
        id: Buffer.from(branchKeyId),
        version: versionBytes(version) ?? expect.fail(),
        key: branchKey,
      },
      serializeContextByLocale(encryptionContext),
    )
    const { dataKey } = await unwrap(keyring, wrapped.encryptedDataKeys, encryptionContext)
    expect(dataKey).toEqual(Buffer.from(wrapped.dataKey))
  })

  it('reads every version, and writes the active one when its entry has ended', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
    const { keyring, keyStore, version } = setUp()
    const first = await wrapOne(keyring)
    const second = keyStore.add(branchKeyId)
    vi.advanceTimersByTime(ttlMs - 1)
    const still = await wrapOne(keyring)
    vi.advanceTimersByTime(1)
    const renewed = await wrapOne(keyring)

    const versionsOf = [first, still, renewed].map(({ key }) =>
      Buffer.from(key.ciphertext.subarray(28, 44)).toString('hex'),
    )
    expect(versionsOf).toEqual(
      [version, version, second.version].map((uuid) => uuid.replaceAll('-', '')),
    )
    for (const { key, dataKey } of [first, still, renewed]) {
      expect((await unwrap(keyring, [key])).dataKey).toEqual(dataKey)
    }
  })

  it('refuses to write under a version that a message could not name', async () => {
    const keyStore = new FakeBranchKeys()
    keyStore.add(branchKeyId, '83EEC007-5659-4554-BF11-699B90F41AC6')
    const error = await failure(() => wrapOne(keyringOn(keyStore)))
    expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_RECORD' })
    expect(error.message).toContain('versionKey')
  })

  it('fails to encrypt with what the key store failed with', async () => {
    const { keyring, keyStore } = setUp()
    keyStore.error = new Error('the store is out')
    expect(await failure(() => wrapOne(keyring))).toBe(keyStore.error)
    keyStore.error = undefined
    await wrapOne(keyring)
    expect(keyStore.asked).toEqual([branchKeyId, branchKeyId])
  })
})

describe('on decryption the hierarchical keyring', () => {
  it('tries what names its branch key, and notes why it does not try the rest', async () => {
    const { keyring, keyStore } = setUp()
    const { key, dataKey } = await wrapOne(keyring)
    const named = (name: string) => ({ ...key, providerInfo: Buffer.from(name) })
    const keys = [
      foreignKey(),
      named('invoices'),
      named(`${branchKeyId}\0`),
      { ...key, providerInfo: Buffer.from([0xff]) },
      { ...key, ciphertext: key.ciphertext.subarray(1) },
      { ...key, ciphertext: key.ciphertext.subarray(0, 20) },
      { ...key, ciphertext: new Uint8Array(0) },
    ]
    keyStore.asked.length = 0
    const { attempts } = await unwrap(keyring, keys)
    expect(keyStore.asked).toEqual([])
    expect(attempts.map(({ outcome }) => outcome)).toEqual([
      ...Array.from({ length: 4 }, () => 'skipped'),
      ...Array.from({ length: 3 }, () => 'failed'),
    ])
    expect(attempts[1]).toMatchObject({ provider: 'aws-kms-hierarchy', key: 'invoices' })
    expect(attempts[1]?.reason).toContain('this keyring has "orders"')
    expect((await unwrap(keyring, [...keys, key])).dataKey).toEqual(dataKey)
  })

  it('notes what the key store failed with, and goes on', async () => {
    const { keyring, keyStore } = setUp()
    const { key, dataKey } = await wrapOne(keyring)
    const ciphertext = Buffer.from(key.ciphertext)
    ciphertext[30] = (ciphertext[30] ?? 0) ^ 1 // another version
    const other = { ...key, ciphertext }
    const { attempts } = await unwrap(keyring, [other])
    expect(attempts).toMatchObject([
      { outcome: 'failed', reason: 'there is no such branch key', cause: expect.any(Error) },
    ])
    expect(keyStore.asked.at(-1)).toMatch(/^orders [0-9a-f-]{36}$/)
    expect((await unwrap(keyring, [other, key])).dataKey).toEqual(dataKey)
  })

  it('notes that a data key is not authentic', async () => {
    const { keyring } = setUp()
    const { key } = await wrapOne(keyring, { tenant: 'a' })
    const { attempts } = await unwrap(keyring, [key], { tenant: 'b' })
    expect(attempts).toMatchObject([{ outcome: 'failed', hint: expect.any(String) }])
  })

  it('refuses materials that have a data key, before it asks anybody', async () => {
    const supplier = vi.fn(() => branchKeyId)
    const { keyring } = setUp({ branchKeyId: undefined, branchKeyIdSupplier: supplier } as object)
    const { key } = await wrapOne(keyring)
    supplier.mockClear()
    const given = decryptionMaterials().withDataKey(randomBytes(32))
    expect(await failure(() => keyring.onDecrypt(given, [key]))).toMatchObject({
      code: 'ERR_UNWRAP_FAILED',
    })
    expect(supplier).not.toHaveBeenCalled()
  })
})
