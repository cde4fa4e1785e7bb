import { describe, expect, it } from 'vitest'
import {
  type CryptographicMaterialsManager,
  type DecryptionMaterials,
  DefaultCmm,
  type EncryptionMaterials,
  EnvelopeClient,
  RequiredEncryptionContextCmm,
  algorithmSuites,
  inspectMessage,
} from '../../../src/index.ts'
import { type DecryptWay, decryptWays } from '../../support/decrypt-ways.ts'
import { errorOf, keyring, unsigned, untyped } from '../client/harness.ts'

const encryptionContext = { tenant: 'acme', purpose: 'test' }
const cmm = new RequiredEncryptionContextCmm({ requiredKeys: ['tenant'], keyring })
const client = new EnvelopeClient({ cmm })
const plain = new EnvelopeClient({ keyring })

describe('a message with a required key', () => {
  it.each([unsigned, {}])('authenticates the pair and does not store it (%o)', async (options) => {
    const sealed = await client.encrypt('text', { ...options, encryptionContext })
    expect(sealed.encryptionContext).toMatchObject(encryptionContext)
    const stored = inspectMessage(sealed.ciphertext).encryptionContext
    expect(stored).toMatchObject({ purpose: 'test' })
    expect(stored).not.toHaveProperty('tenant')
    const bytes = Buffer.from(sealed.ciphertext)
    expect(bytes.includes('tenant') || bytes.includes('acme')).toBe(false)
    const opened = await client.decrypt(sealed.ciphertext, {
      encryptionContext: { tenant: 'acme' },
    })
    expect(Buffer.from(opened.plaintext).toString()).toBe('text')
    expect(opened.encryptionContext).toEqual(sealed.encryptionContext)
  })

  it.each(Object.entries<DecryptWay>(decryptWays))(
    'opens with the pair alone, %s',
    async (_, decrypt) => {
      const { ciphertext } = await client.encrypt('text', { ...unsigned, encryptionContext })
      const pair = { encryptionContext: { tenant: 'acme' } }
      expect(Buffer.from(await decrypt(client, ciphertext, pair)).toString()).toBe('text')
      // A reader without this CMM has to know the pair just as well.
      expect(Buffer.from(await decrypt(plain, ciphertext, pair)).toString()).toBe('text')
      for (const given of [{ tenant: 'other' }, { tenant: 'acme', row: '1' }]) {
        for (const reader of [client, plain]) {
          const options = { encryptionContext: given }
          expect(await errorOf(() => decrypt(reader, ciphertext, options))).toMatchObject({
            code: 'ERR_UNWRAP_FAILED',
          })
        }
      }
      expect(await errorOf(() => decrypt(client, ciphertext))).toMatchObject({
        code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH',
        message: expect.stringContaining('"tenant"'),
      })
      expect(await errorOf(() => decrypt(plain, ciphertext))).toMatchObject({
        code: 'ERR_UNWRAP_FAILED',
      })
    },
  )

  it('is not written without it', async () => {
    expect(await errorOf(() => client.encrypt('text', { encryptionContext: {} }))).toMatchObject({
      code: 'ERR_ENCRYPTION_CONTEXT',
      message: expect.stringContaining('"tenant"'),
    })
  })

  it('is not mistaken for one whose key comes from a prototype', async () => {
    const cmm = new RequiredEncryptionContextCmm({ requiredKeys: ['toString'], keyring })
    const error = await errorOf(() => new EnvelopeClient({ cmm }).encrypt('text'))
    expect(error).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT' })
  })

  it('opens if it stores the pair after all, and says the same', async () => {
    const { ciphertext } = await plain.encrypt('text', { encryptionContext })
    await client.decrypt(ciphertext, { encryptionContext })
    const error = await errorOf(() =>
      client.decrypt(ciphertext, { encryptionContext: { tenant: 'other' } }),
    )
    expect(error).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH' })
  })
})

it('two of them require the keys of both', async () => {
  const both = new RequiredEncryptionContextCmm({ requiredKeys: ['purpose', 'tenant'], cmm })
  const client = new EnvelopeClient({ cmm: both })
  const { ciphertext } = await client.encrypt('text', { ...unsigned, encryptionContext })
  expect(inspectMessage(ciphertext).encryptionContext).toEqual({})
  await client.decrypt(ciphertext, { encryptionContext })
  expect(
    await errorOf(() => client.decrypt(ciphertext, { encryptionContext: { tenant: 'acme' } })),
  ).toMatchObject({
    code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH',
    message: expect.stringContaining('"purpose"'),
  })
})

describe('a CMM underneath', () => {
  const inner = new DefaultCmm({ keyring })
  const over = (underneath: Partial<CryptographicMaterialsManager>) => {
    const cmm: CryptographicMaterialsManager = {
      getEncryptionMaterials: (request) => inner.getEncryptionMaterials(request),
      decryptMaterials: (request) => inner.decryptMaterials(request),
      ...underneath,
    }
    return new RequiredEncryptionContextCmm({ requiredKeys: ['tenant'], cmm })
  }

  it('must not drop the required keys on encrypt, and what it made is destroyed', async () => {
    let made: EncryptionMaterials | undefined
    const cmm = over({
      getEncryptionMaterials: async (request) => {
        made = await inner.getEncryptionMaterials({ ...request, requiredContextKeys: [] })
        return made
      },
    })
    const error = await errorOf(() =>
      new EnvelopeClient({ cmm }).encrypt('text', { encryptionContext }),
    )
    expect(error).toMatchObject({
      code: 'ERR_NO_DATA_KEY',
      message: expect.stringContaining('"tenant"'),
    })
    expect(() => made?.dataKey).toThrow(/destroyed/)
  })

  it('must not drop the reproduced pairs on decrypt, and what it made is destroyed', async () => {
    const { header } = await plain.encrypt('text', { ...unsigned, encryptionContext })
    let made: DecryptionMaterials | undefined
    const cmm = over({
      decryptMaterials: async (request) => {
        made = await inner.decryptMaterials({ ...request, reproducedEncryptionContext: {} })
        return made
      },
    })
    // Without the client, which checks the same.
    const error = await errorOf(() =>
      cmm.decryptMaterials({
        algorithmSuite: algorithmSuites[unsigned.algorithmSuite],
        commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
        encryptedDataKeys: header.encryptedDataKeys,
        encryptionContext,
        reproducedEncryptionContext: { tenant: 'acme', row: '1' },
      }),
    )
    expect(error).toMatchObject({
      code: 'ERR_NO_DATA_KEY',
      message: expect.stringContaining('"row"'),
    })
    expect(() => made?.dataKey).toThrow(/destroyed/)
  })

  it('has to return materials', async () => {
    const cmm = over({ getEncryptionMaterials: async () => untyped(undefined) })
    const error = await errorOf(() =>
      new EnvelopeClient({ cmm }).encrypt('text', { encryptionContext }),
    )
    expect(error).toMatchObject({ code: 'ERR_NO_DATA_KEY' })
  })
})

describe('options', () => {
  const make = (options: object) => () => new RequiredEncryptionContextCmm(untyped(options))
  it.each([
    ['no keys', 'requiredKeys', make({ keyring })],
    ['an empty array of keys', 'requiredKeys', make({ keyring, requiredKeys: [] })],
    ['one key that is no array', 'requiredKeys', make({ keyring, requiredKeys: 'tenant' })],
    ['a key that is no text', 'requiredKeys', make({ keyring, requiredKeys: [1] })],
    ['a hole in place of a key', 'requiredKeys', make({ keyring, requiredKeys: new Array(1) })],
    ['a key with a lone surrogate', 'requiredKeys', make({ keyring, requiredKeys: ['\ud800'] })],
    ['a key twice', 'requiredKeys', make({ keyring, requiredKeys: ['a', 'a'] })],
    ['a reserved key', 'requiredKeys', make({ keyring, requiredKeys: ['aws-crypto-x'] })],
    ['neither keyring nor cmm', 'keyring', make({ requiredKeys: ['a'] })],
    ['both', 'keyring', make({ requiredKeys: ['a'], keyring, cmm })],
    ['a cmm that is none', 'cmm', make({ requiredKeys: ['a'], cmm: {} })],
    ['a keyring that is none', 'keyring', make({ requiredKeys: ['a'], keyring: {} })],
    ['a backend that is none', 'backend', make({ requiredKeys: ['a'], keyring, backend: {} })],
    ['an unknown option', 'keys', make({ requiredKeys: ['a'], keyring, keys: ['a'] })],
  ])('%s', async (_, field, work) => {
    expect(await errorOf(work)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field })
  })

  it('are copied', async () => {
    const requiredKeys = ['tenant']
    const cmm = new RequiredEncryptionContextCmm({ requiredKeys, keyring })
    requiredKeys.length = 0
    await expect(new EnvelopeClient({ cmm }).encrypt('text')).rejects.toThrow(/"tenant"/)
  })

  it('a suite of the caller goes through', async () => {
    const { header } = await client.encrypt('text', { ...unsigned, encryptionContext })
    expect(header.algorithmSuite).toBe(algorithmSuites[unsigned.algorithmSuite].name)
  })
})
