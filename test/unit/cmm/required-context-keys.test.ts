import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  CachingCmm,
  type CryptographicMaterialsManager,
  DefaultCmm,
  type EncryptOptions,
  type EncryptionMaterials,
  EnvelopeClient,
  LocalCryptoMaterialsCache,
  RequiredEncryptionContextCmm,
  inspectMessage,
} from '../../../src/index.ts'
import { FlakyKeyring } from '../../support/flaky-keyring.ts'
import { errorOf, keyring, throughStream, unsigned, untyped } from '../client/harness.ts'

const encryptionContext = { tenant: 'acme', purpose: 'test' }
const client = new EnvelopeClient({ keyring })

async function inFiles(client: EnvelopeClient, text: string, options: EncryptOptions) {
  const directory = await mkdtemp(join(tmpdir(), 'waxseal-required-'))
  try {
    const [source, destination] = [join(directory, 'plain'), join(directory, 'sealed')]
    await writeFile(source, text)
    await client.encryptFile(source, destination, options)
    return await readFile(destination)
  } finally {
    await rm(directory, { recursive: true })
  }
}

type Encrypt = (
  client: EnvelopeClient,
  text: string,
  options: EncryptOptions,
) => Promise<Uint8Array>
const ways: Record<string, Encrypt> = {
  encrypt: async (client, text, options) => (await client.encrypt(text, options)).ciphertext,
  encryptStream: (client, text, options) =>
    throughStream(client.encryptStream(options), [Buffer.from(text)]),
  encryptFile: inFiles,
}

describe.each(Object.entries(ways))('requiredContextKeys of %s', (_, encrypt) => {
  it.each([
    ['all', ['tenant', 'purpose'], {}],
    ['one', ['purpose'], { tenant: 'acme' }],
    ['one, twice', ['purpose', 'purpose'], { tenant: 'acme' }],
    ['none', [], encryptionContext],
    ['those of the default', undefined, encryptionContext],
  ])('%s: are authenticated and not stored', async (_, keys, stored) => {
    for (const suite of [unsigned, {}]) {
      const ciphertext = await encrypt(client, 'text', {
        ...suite,
        encryptionContext,
        ...(keys && { requiredContextKeys: keys }),
      })
      const found = inspectMessage(ciphertext).encryptionContext
      const { 'aws-crypto-public-key': publicKey, ...pairs } = found
      expect(pairs).toEqual(stored)
      expect(publicKey === undefined).toBe(suite === unsigned)
      const opened = await client.decrypt(ciphertext, { encryptionContext })
      expect(Buffer.from(opened.plaintext).toString()).toBe('text')
      expect(opened.encryptionContext).toMatchObject(encryptionContext)
      const wrong = { ...encryptionContext, purpose: 'other' }
      for (const options of keys?.length ? [{}, { encryptionContext: wrong }] : []) {
        expect(await errorOf(() => client.decrypt(ciphertext, options))).toMatchObject({
          code: 'ERR_UNWRAP_FAILED',
        })
      }
    }
  })

  it.each([
    ['a key that the context has not', ['row']],
    ['what is no key', [5]],
    ['a hole', new Array(1)],
    ['a name of every object', ['toString']],
    ['what is no array', 'tenant'],
    ['null', null],
  ])('are refused with %s', async (_, keys) => {
    const options = { encryptionContext, requiredContextKeys: untyped<string[]>(keys) }
    expect(await errorOf(() => encrypt(client, 'text', options))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      field: 'requiredContextKeys',
    })
  })
})

describe('with CMMs', () => {
  it('add to those of a RequiredEncryptionContextCmm', async () => {
    const cmm = new RequiredEncryptionContextCmm({ requiredKeys: ['tenant'], keyring })
    const both = new EnvelopeClient({ cmm })
    for (const requiredContextKeys of [['purpose'], ['purpose', 'tenant']]) {
      const sealed = await both.encrypt('text', {
        ...unsigned,
        encryptionContext,
        requiredContextKeys,
      })
      expect(inspectMessage(sealed.ciphertext).encryptionContext).toEqual({})
      await client.decrypt(sealed.ciphertext, { encryptionContext })
    }
  })

  it('tell entries of a cache apart, in whatever order they are', async () => {
    const counting = new FlakyKeyring('a key')
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const cmm = new CachingCmm({ cache, keyring: counting, maxAgeMs: 3_600_000 })
    const cached = new EnvelopeClient({ cmm })
    const calls: [readonly string[] | undefined, number][] = [
      [undefined, 1],
      [[], 1],
      [['tenant'], 2],
      [['tenant', 'purpose'], 3],
      [['purpose', 'tenant'], 3],
      [['tenant', 'tenant'], 3],
      [undefined, 3],
    ]
    for (const [keys, asked] of calls) {
      const { ciphertext } = await cached.encrypt('text', {
        ...unsigned,
        encryptionContext,
        ...(keys && { requiredContextKeys: keys }),
      })
      expect(counting.encryptions).toBe(asked)
      const stored = inspectMessage(ciphertext).encryptionContext
      expect(Object.keys(stored)).toHaveLength(2 - new Set(keys).size)
      await cached.decrypt(ciphertext, { encryptionContext })
    }
  })

  it('that drop them write no message, and what they made is destroyed', async () => {
    const inner = new DefaultCmm({ keyring })
    const made: EncryptionMaterials[] = []
    const cmm: CryptographicMaterialsManager = {
      getEncryptionMaterials: async (request) => {
        const materials = await inner.getEncryptionMaterials({
          ...request,
          requiredContextKeys: request.requiredContextKeys?.slice(1),
        })
        made.push(materials)
        return materials
      },
      decryptMaterials: (request) => inner.decryptMaterials(request),
    }
    const dropping = new EnvelopeClient({ cmm })
    for (const encrypt of Object.values(ways)) {
      const error = await errorOf(() =>
        encrypt(dropping, 'text', {
          encryptionContext,
          requiredContextKeys: ['tenant', 'purpose'],
        }),
      )
      expect(error).toMatchObject({
        code: 'ERR_NO_DATA_KEY',
        message: expect.stringContaining('"tenant"'),
      })
    }
    expect(made).toHaveLength(3)
    for (const materials of made) expect(() => materials.dataKey).toThrow(/destroyed/)
  })

  it('are asked for a copy, which the caller cannot change while they wait', async () => {
    const inner = new DefaultCmm({ keyring })
    let go = (): void => undefined
    const gone = new Promise<void>((resolve) => (go = resolve))
    const asked: (readonly string[] | undefined)[] = []
    const cmm: CryptographicMaterialsManager = {
      getEncryptionMaterials: async (request) => {
        await gone
        asked.push(request.requiredContextKeys)
        return inner.getEncryptionMaterials(request)
      },
      decryptMaterials: (request) => inner.decryptMaterials(request),
    }
    const requiredContextKeys = ['tenant']
    const slow = new EnvelopeClient({ cmm })
    const sealed = slow.encrypt('text', { ...unsigned, encryptionContext, requiredContextKeys })
    requiredContextKeys.push('purpose')
    go()
    expect(inspectMessage((await sealed).ciphertext).encryptionContext).toEqual({ purpose: 'test' })
    await slow.encrypt('text', { ...unsigned, encryptionContext })
    expect(asked).toEqual([['tenant'], undefined])
  })
})
