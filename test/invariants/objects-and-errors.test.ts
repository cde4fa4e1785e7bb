import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import * as one from '../../src/index.ts'
import { staticKeyring } from '../support/static-keyring.ts'
import { errorOf } from './spies.ts'

const { EnvelopeClient, EnvelopeError, MultiKeyring, RawAesKeyring, UnwrapError } = one
const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const

const rawAes = (keyName: string, fill: number, from: typeof one = one) =>
  new from.RawAesKeyring({ keyNamespace: 'n', keyName, wrappingKey: Buffer.alloc(32, fill) })

describe('invariant 2: lengths are checked before anything is allocated', () => {
  // Measured for every length field by test/properties/allocation.test.ts.
  it('a header of 65,535 keys and a frame of 4 GiB cost no more than the bytes that came', async () => {
    const client = new EnvelopeClient({ keyring: staticKeyring(Buffer.alloc(32)) })
    const claimsKeys = Buffer.from('020478' + '00'.repeat(32) + '0000' + 'ffff', 'hex')
    const { ciphertext } = await client.encrypt('x', { frameLength: 0xffffffff, ...unsigned })
    const claimsFrame = ciphertext.subarray(0, -1)
    const before = process.memoryUsage().arrayBuffers
    for (const bytes of [claimsKeys, claimsFrame]) {
      expect(await errorOf(() => client.decrypt(bytes))).toMatchObject({
        code: 'ERR_TRUNCATED_MESSAGE',
      })
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20)
  })
})

describe('invariant 5: what the caller gave is never changed', () => {
  // For random views and options: test/properties/round-trip.test.ts.
  it('a view with an offset means its own bytes, and they stay as they were', async () => {
    const client = new EnvelopeClient({ keyring: rawAes('k', 1) })
    const whole = Buffer.from('before|the plaintext|after')
    const plaintext = new Uint8Array(whole.buffer, whole.byteOffset + 7, 13)
    const encryptionContext = Object.freeze({ a: 'b' })
    const options = Object.freeze({ encryptionContext })
    const { ciphertext } = await client.encrypt(plaintext, options)
    const opened = await client.decrypt(ciphertext, options)
    expect(Buffer.from(opened.plaintext).toString()).toBe('the plaintext')
    expect(whole.toString()).toBe('before|the plaintext|after')
  })

  it('a wrapping key is copied, so that its owner may overwrite it', async () => {
    const wrappingKey = Buffer.alloc(32, 1)
    const keyring = new RawAesKeyring({ keyNamespace: 'n', keyName: 'k', wrappingKey })
    wrappingKey.fill(0)
    const { ciphertext } = await new EnvelopeClient({ keyring }).encrypt('text')
    const opened = await new EnvelopeClient({ keyring: rawAes('k', 1) }).decrypt(ciphertext)
    expect(Buffer.from(opened.plaintext).toString()).toBe('text')
  })
})

describe('invariant 7: two copies of the library work together', async () => {
  // A second copy of every module, as an application has it that loads both ESM and CommonJS.
  vi.resetModules()
  const other = await import('../../src/index.ts')

  it('there are two copies', () => {
    expect(other.EnvelopeError).not.toBe(one.EnvelopeError)
    expect(other.EncryptionMaterials).not.toBe(one.EncryptionMaterials)
  })

  it("a client takes the other copy's keyring, multi-keyring and CMM", async () => {
    const keyring = rawAes('k', 1, other)
    for (const options of [
      { keyring },
      { keyring: new other.MultiKeyring({ generator: keyring }) },
      { keyring: new one.MultiKeyring({ generator: keyring, children: [rawAes('c', 2)] }) },
      { cmm: new other.DefaultCmm({ keyring }) },
      { cmm: new other.DefaultCmm({ keyring: rawAes('k', 1) }) },
    ]) {
      const client = new EnvelopeClient(options)
      const { ciphertext } = await client.encrypt('text')
      expect(Buffer.from((await client.decrypt(ciphertext)).plaintext).toString()).toBe('text')
    }
  })

  it('a CMM may return materials that the other copy made', async () => {
    const dataKey = Buffer.alloc(32, 1)
    const encryptedDataKey = {
      providerId: 'p',
      providerInfo: new Uint8Array(0),
      ciphertext: new Uint8Array(0),
    }
    const suite = one.algorithmSuites[unsigned.algorithmSuite]
    const client = new EnvelopeClient({
      cmm: {
        getEncryptionMaterials: async ({ encryptionContext }) =>
          new other.EncryptionMaterials({ suite, encryptionContext })
            .withDataKey(dataKey)
            .withEncryptedDataKey(encryptedDataKey),
        decryptMaterials: async ({ encryptionContext }) =>
          new other.DecryptionMaterials({ suite, encryptionContext }).withDataKey(dataKey),
      },
    })
    const { ciphertext } = await client.encrypt('text', unsigned)
    expect(Buffer.from((await client.decrypt(ciphertext)).plaintext).toString()).toBe('text')
  })

  it("each knows the other's errors, and nothing else", async () => {
    const error = await errorOf(() => new other.EnvelopeClient({}))
    expect(error).not.toBeInstanceOf(one.EnvelopeError)
    expect(one.EnvelopeError.is(error)).toBe(true)
    expect(other.EnvelopeError.is(new one.AbortedError('reason'))).toBe(true)
    for (const value of [null, undefined, 1, {}, new Error('no'), { code: 'ERR_ABORTED' }]) {
      expect(one.EnvelopeError.is(value)).toBe(false)
    }
  })
})

describe('invariant 8: every attempt to unwrap is told', () => {
  const seal = async () => {
    const keyring = new MultiKeyring({ generator: rawAes('a', 1), children: [rawAes('b', 2)] })
    return (await new EnvelopeClient({ keyring }).encrypt('text')).ciphertext
  }

  it('a keyring that knows none of the keys returns its materials unchanged', async () => {
    const materials = new one.DecryptionMaterials({
      suite: one.algorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
      encryptionContext: {},
    })
    const returned = await rawAes('a', 1).onDecrypt(materials, [])
    expect(returned.hasDataKey).toBe(false)
    expect(returned.attempts).toEqual([])
  })

  it('lists what was skipped and what failed, and where there is one a hint', async () => {
    const keyring = new MultiKeyring({ children: [rawAes('b', 9), rawAes('c', 3)] })
    const ciphertext = await seal()
    const error = await errorOf(() => new EnvelopeClient({ keyring }).decrypt(ciphertext))
    expect(error).toBeInstanceOf(UnwrapError)
    const { attempts, message } = error as InstanceType<typeof UnwrapError>
    expect(attempts.map(({ provider, key, outcome }) => [provider, key, outcome])).toEqual([
      ['n', 'a', 'skipped'],
      ['n', 'a', 'skipped'],
      ['n', 'b', 'failed'],
      ['n', 'b', 'skipped'],
    ])
    expect(attempts[2]?.hint).toMatch(/wrapping key/)
    for (const { key, reason } of attempts) {
      expect(message).toContain(key)
      expect(message).toContain(reason)
    }
  })

  it('a keyring that throws is one failed attempt, and another may still succeed', async () => {
    const off = new Error('the HSM is off')
    const throwing: one.Keyring = {
      onEncrypt: async (materials) => materials,
      onDecrypt: () => Promise.reject(off),
    }
    const ciphertext = await seal()
    const opens = new MultiKeyring({ children: [throwing, rawAes('b', 2)] })
    const opened = await new EnvelopeClient({ keyring: opens }).decrypt(ciphertext)
    expect(Buffer.from(opened.plaintext).toString()).toBe('text')

    const fails = new MultiKeyring({ children: [throwing, rawAes('b', 9)] })
    const error = await errorOf(() => new EnvelopeClient({ keyring: fails }).decrypt(ciphertext))
    expect(error).toMatchObject({ code: 'ERR_UNWRAP_FAILED', cause: off })
    expect((error as Error).message).toContain('the HSM is off')
  })

  it('alone, it is what the client throws, as the cause', async () => {
    const off = new Error('the HSM is off')
    const keyring: one.Keyring = {
      onEncrypt: async (materials) => materials,
      onDecrypt: () => Promise.reject(off),
    }
    const ciphertext = await seal()
    const error = await errorOf(() => new EnvelopeClient({ keyring }).decrypt(ciphertext))
    expect(EnvelopeError.is(error)).toBe(true)
    expect(error).toMatchObject({ code: 'ERR_UNWRAP_FAILED', cause: off })
  })
})

describe('invariant 10: a destination file appears whole and verified, or not at all', () => {
  // All the ways to fail: test/unit/client/files.test.ts.
  it('a message whose last byte is wrong leaves nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waxseal-test-'))
    try {
      const client = new EnvelopeClient({ keyring: rawAes('k', 1) })
      const ciphertext = Buffer.from((await client.encrypt(Buffer.alloc(1 << 20))).ciphertext)
      ciphertext.writeUInt8(ciphertext.readUInt8(ciphertext.length - 1) ^ 1, ciphertext.length - 1)
      writeFileSync(join(folder, 'sealed'), ciphertext)
      const opening = client.decryptFile(join(folder, 'sealed'), join(folder, 'opened'))
      expect(await errorOf(() => opening)).toMatchObject({ code: 'ERR_SIGNATURE' })
      expect(readdirSync(folder)).toEqual(['sealed'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

// Invariant 9 (no retries of our own) is tested beside the KMS keyrings, and invariant 11 (what the
// entry loads) by tools/check-bundle.mjs, on the built bundle.
