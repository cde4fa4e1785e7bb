import { type KeyObject, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { RawAesKeyring, nodeBackend } from '../../../src/index.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { decryptionMaterials, encryptionMaterials, foreignKey } from '../../support/materials.ts'

const wrappingKey = Buffer.alloc(32, 0x5a)
const names = { keyNamespace: 'test', keyName: 'key' }
const keyring = new RawAesKeyring({ ...names, wrappingKey })
const encryptionContext = { b: '2', a: '1' }

/** The one encrypted data key that a keyring makes. */
async function wrap(by = keyring, context: Record<string, string> = encryptionContext) {
  const materials = await by.onEncrypt(encryptionMaterials({ encryptionContext: context }))
  const [key] = materials.encryptedDataKeys
  expect.assert(key)
  return { key, dataKey: materials.dataKey }
}

describe('the raw AES keyring', () => {
  for (const backend of [nodeBackend, nobleBackend]) {
    it.each([16, 24, 32])(`unwraps what it wrapped: ${backend.name}, %i bytes`, async (length) => {
      const other = new RawAesKeyring({ ...names, wrappingKey: Buffer.alloc(length, 9), backend })
      const { key, dataKey } = await wrap(other)
      const given = decryptionMaterials({ encryptionContext })
      const materials = await other.onDecrypt(given, [key])
      expect(Buffer.from(materials.dataKey)).toEqual(Buffer.from(dataKey))
    })
  }

  it('writes its name, the tag length in bits, the nonce length and the nonce', async () => {
    const { key } = await wrap()
    expect(key.providerId).toBe('test')
    const info = Buffer.from(key.providerInfo)
    expect(info).toHaveLength('key'.length + 4 + 4 + 12)
    expect(info.subarray(0, 11).toString('hex')).toBe(
      `${Buffer.from('key').toString('hex')}000000800000000c`,
    )
    expect(key.ciphertext).toHaveLength(32 + 16)
  })

  it('wraps the data key that is there', async () => {
    const given = encryptionMaterials().withDataKey(Buffer.alloc(32, 1))
    const materials = await keyring.onEncrypt(given)
    expect(Buffer.from(materials.dataKey)).toEqual(Buffer.alloc(32, 1))
    const opened = await keyring.onDecrypt(decryptionMaterials(), materials.encryptedDataKeys)
    expect(Buffer.from(opened.dataKey)).toEqual(Buffer.alloc(32, 1))
  })

  it('takes a KeyObject, a view and a copy of the key', async () => {
    const memory = Buffer.alloc(64, 0xff)
    wrappingKey.copy(memory, 16)
    const view = memory.subarray(16, 48)
    const { key } = await wrap()
    const others = [createSecretKey(wrappingKey), view].map(
      (each) => new RawAesKeyring({ ...names, wrappingKey: each }),
    )
    memory.fill(0)
    for (const other of others) {
      const materials = await other.onDecrypt(decryptionMaterials({ encryptionContext }), [key])
      expect(materials.hasDataKey).toBe(true)
    }
  })

  it('skips keys that are not its own, fails on those it cannot open, and takes the next', async () => {
    const { key } = await wrap()
    const keys = [
      foreignKey(),
      foreignKey({ providerId: 'test' }),
      { ...key, ciphertext: Buffer.alloc(48) },
      { ...key, ciphertext: key.ciphertext.subarray(1) },
    ]
    const given = decryptionMaterials({ encryptionContext })
    const materials = await keyring.onDecrypt(given, keys)
    expect(materials.hasDataKey).toBe(false)
    expect(materials.attempts).toMatchObject([
      { provider: 'elsewhere', key: 'a key', outcome: 'skipped' },
      { provider: 'test', key: 'a key', outcome: 'skipped' },
      { provider: 'test', key: 'key', outcome: 'failed', hint: expect.any(String) },
      { provider: 'test', key: 'key', outcome: 'failed', hint: expect.any(String) },
    ])
    expect((await keyring.onDecrypt(given, [...keys, key])).hasDataKey).toBe(true)
  })

  it.each([
    ['whose name begins with its own', 'key2'],
    ['whose name is the beginning of its own', 'ke'],
  ])('skips a key %s', async (_, keyName) => {
    const { key } = await wrap(new RawAesKeyring({ ...names, keyName, wrappingKey }))
    const materials = await keyring.onDecrypt(decryptionMaterials({ encryptionContext }), [key])
    expect(materials.attempts).toMatchObject([{ key: keyName, outcome: 'skipped' }])
  })

  it('skips a key of the same name in another namespace', async () => {
    const { key } = await wrap(new RawAesKeyring({ ...names, keyNamespace: 'test2', wrappingKey }))
    const materials = await keyring.onDecrypt(decryptionMaterials({ encryptionContext }), [key])
    expect(materials.attempts).toMatchObject([{ provider: 'test2', outcome: 'skipped' }])
  })

  it.each([
    ['tag length', 3 + 3],
    ['nonce length', 3 + 7],
  ])('skips a key with another %s', async (_, at) => {
    const { key } = await wrap()
    const providerInfo = Buffer.from(key.providerInfo)
    providerInfo[at] = 13
    const given = decryptionMaterials({ encryptionContext })
    const materials = await keyring.onDecrypt(given, [{ ...key, providerInfo }])
    expect(materials.attempts).toMatchObject([{ provider: 'test', outcome: 'skipped' }])
  })

  it.each([
    ['a value', { a: '1', b: '3' }],
    ['a pair less', { a: '1' }],
    ['a pair more', { a: '1', b: '2', c: '3' }],
  ])('binds the data key to the encryption context: %s', async (_, other) => {
    const { key } = await wrap()
    const given = decryptionMaterials({ encryptionContext: other })
    const materials = await keyring.onDecrypt(given, [key])
    expect(materials.attempts).toMatchObject([{ outcome: 'failed' }])
  })

  it('opens whatever the order in which the pairs are given', async () => {
    const { key } = await wrap(keyring, { '\u{1f511}': '1', '\ue000': '2', B: '3', a: '4' })
    const given = { a: '4', B: '3', '\ue000': '2', '\u{1f511}': '1' }
    const materials = await keyring.onDecrypt(decryptionMaterials({ encryptionContext: given }), [
      key,
    ])
    expect(materials.hasDataKey).toBe(true)
  })

  it('refuses to decrypt into materials that have a data key', async () => {
    const given = decryptionMaterials().withDataKey(Buffer.alloc(32))
    await expect(keyring.onDecrypt(given, [])).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
  })

  const { privateKey } = generateKeyPairSync('ed25519')
  it.each<[string, Record<string, unknown>, string]>([
    ['an empty namespace', { keyNamespace: '' }, 'keyNamespace'],
    ['a namespace that is no string', { keyNamespace: 7 }, 'keyNamespace'],
    ['a reserved namespace', { keyNamespace: 'aws-kms' }, 'keyNamespace'],
    ['a reserved prefix', { keyNamespace: 'aws-kms-mrk' }, 'keyNamespace'],
    ['a lone surrogate in the namespace', { keyNamespace: '\ud800' }, 'keyNamespace'],
    ['a namespace that is too long', { keyNamespace: 'x'.repeat(65_281) }, 'keyNamespace'],
    ['an empty name', { keyName: '' }, 'keyName'],
    ['no name', { keyName: undefined }, 'keyName'],
    ['a key of no length', { wrappingKey: new Uint8Array(0) }, 'wrappingKey'],
    ['a key of 15 bytes', { wrappingKey: new Uint8Array(15) }, 'wrappingKey'],
    ['a key of 33 bytes', { wrappingKey: new Uint8Array(33) }, 'wrappingKey'],
    ['a key as text', { wrappingKey: 'x'.repeat(32) }, 'wrappingKey'],
    ['a KeyObject of 20 bytes', { wrappingKey: createSecretKey(Buffer.alloc(20)) }, 'wrappingKey'],
    ['a private KeyObject', { wrappingKey: privateKey }, 'wrappingKey'],
    ['no key', { wrappingKey: undefined }, 'wrappingKey'],
  ])('refuses %s', (_, wrong, field) => {
    const options = { ...names, wrappingKey, ...wrong } as {
      keyNamespace: string
      keyName: string
      wrappingKey: Uint8Array | KeyObject
    }
    expect(() => new RawAesKeyring(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })
})
