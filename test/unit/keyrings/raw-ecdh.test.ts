import { createPublicKey } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import {
  type AlgorithmSuiteName,
  type CryptoBackend,
  type EcdhCurveName,
  type EncryptedDataKey,
  EnvelopeClient,
  type Keyring,
  MultiKeyring,
  RawEcdhKeyring,
  type RawEcdhKeyringOptions,
  type RawEcdhSchema,
  algorithmSuites,
  nodeBackend,
} from '../../../src/index.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { ecdhCurves, ecdhTestKeys } from '../../support/ecdh.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const committing = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
const pointLength = { 'P-256': 33, 'P-384': 49, 'P-521': 67 } as const
const encryptionContext = { tenant: 'é', ключ: '\u{1f511}' }

/** The keyrings that there are between the two test key pairs of a curve. */
function keyringsOn(curve: EcdhCurveName, backend: CryptoBackend = nodeBackend) {
  const { sender, recipient } = ecdhTestKeys(curve)
  const keyring = (schema: RawEcdhSchema) => new RawEcdhKeyring({ curve, schema, backend })
  return {
    sender: keyring({
      type: 'static',
      senderPrivateKey: sender.privateKey,
      recipientPublicKey: recipient.publicKey,
    }),
    recipient: keyring({
      type: 'static',
      senderPrivateKey: recipient.privateKey,
      recipientPublicKey: sender.publicKey,
    }),
    ephemeral: keyring({ type: 'ephemeral', recipientPublicKey: recipient.publicKey }),
    discovery: keyring({ type: 'discovery', recipientPrivateKey: recipient.privateKey }),
    senderDiscovery: keyring({ type: 'discovery', recipientPrivateKey: sender.privateKey }),
  }
}

const here = keyringsOn('P-256')

/** The one encrypted data key that a keyring makes. */
async function wrap(keyring: Keyring, suite?: AlgorithmSuiteName) {
  const given = encryptionMaterials({ encryptionContext, ...(suite && { suite }) })
  const materials = await keyring.onEncrypt(given)
  const [key] = materials.encryptedDataKeys
  expect.assert(key)
  return { key, dataKey: Buffer.from(materials.dataKey) }
}

const unwrap = (keyring: Keyring, keys: EncryptedDataKey[], suite?: AlgorithmSuiteName) =>
  keyring.onDecrypt(decryptionMaterials({ encryptionContext, ...(suite && { suite }) }), keys)

describe.each(ecdhCurves)('the raw ECDH keyring on %s', (curve) => {
  const keyrings = keyringsOn(curve)
  type Name = keyof typeof keyrings

  it.each<[writer: Name, reader: Name]>([
    ['sender', 'sender'],
    ['sender', 'recipient'],
    ['sender', 'discovery'],
    ['recipient', 'sender'],
    ['recipient', 'recipient'],
    ['recipient', 'senderDiscovery'],
    ['ephemeral', 'discovery'],
  ])('what %s wrapped, %s unwraps', async (writer, reader) => {
    const { key, dataKey } = await wrap(keyrings[writer])
    const materials = await unwrap(keyrings[reader], [key])
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
  })

  it.each<[writer: Name, reader: Name, word: string]>([
    ['sender', 'senderDiscovery', 'recipient'],
    ['ephemeral', 'recipient', 'for the keys'],
    ['ephemeral', 'sender', 'for the keys'],
    ['ephemeral', 'senderDiscovery', 'recipient'],
    ['sender', 'ephemeral', 'only encrypt'],
    ['ephemeral', 'ephemeral', 'only encrypt'],
  ])('what %s wrapped, %s skips', async (writer, reader, word) => {
    const { key } = await wrap(keyrings[writer])
    const { attempts, hasDataKey } = await unwrap(keyrings[reader], [key])
    expect(hasDataKey).toBe(false)
    expect(attempts).toMatchObject([{ outcome: 'skipped', reason: expect.stringContaining(word) }])
  })

  it('writes version, recipient and sender, and a ciphertext of the length that is due', async () => {
    const { key, dataKey } = await wrap(keyrings.sender)
    const { sender, recipient } = ecdhTestKeys(curve)
    const length = pointLength[curve]
    const info = Buffer.from(key.providerInfo)
    expect(key.providerId).toBe('raw-ecdh')
    expect(info).toHaveLength(1 + 2 * (4 + length))
    expect([info[0], info.readUInt32BE(1), info.readUInt32BE(5 + length)]).toEqual([
      1,
      length,
      length,
    ])
    expect(info.subarray(6, 5 + length)).toEqual(xOf(recipient.publicKey))
    expect(info.subarray(-length + 1)).toEqual(xOf(sender.publicKey))
    expect(key.ciphertext).toHaveLength(32 + 32 + dataKey.length + 16)
  })

  it('names the keys in an attempt', async () => {
    const { key } = await wrap(keyrings.sender)
    const { attempts } = await unwrap(keyrings.senderDiscovery, [key])
    const { sender, recipient } = ecdhTestKeys(curve)
    const hex = (pem: string) => `0[23]${xOf(pem).subarray(0, 7).toString('hex')}…`
    const expected = `^${curve} recipient ${hex(recipient.publicKey)} sender ${hex(sender.publicKey)}$`
    expect(attempts).toMatchObject([
      { provider: 'raw-ecdh', key: expect.stringMatching(new RegExp(expected)) },
    ])
  })

  it('opens nothing that has one bit of any byte flipped, and throws at nothing', async () => {
    for (const writer of [keyrings.sender, keyrings.ephemeral]) {
      const { key } = await wrap(writer)
      for (const field of ['providerInfo', 'ciphertext'] as const) {
        for (let at = 0; at < key[field].length; at++) {
          const bytes = Buffer.from(key[field])
          bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at)
          const { hasDataKey } = await unwrap(keyrings.discovery, [{ ...key, [field]: bytes }])
          expect(hasDataKey, `${field}, byte ${at}`).toBe(false)
        }
      }
    }
  })
})

function xOf(publicKey: string): Buffer {
  return Buffer.from(createPublicKey(publicKey).export({ format: 'jwk' }).x ?? '', 'base64url')
}

describe('the raw ECDH keyring', () => {
  it.each(Object.values(algorithmSuites))('wraps a data key of $name', async (suite) => {
    for (const backend of [nodeBackend, nobleBackend]) {
      const { key, dataKey } = await wrap(keyringsOn('P-256', backend).ephemeral, suite.name)
      expect(dataKey).toHaveLength(suite.keyLength)
      const materials = await unwrap(here.discovery, [key], suite.name)
      expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
    }
  })

  it('wraps the data key that there is', async () => {
    const given = encryptionMaterials({ encryptionContext }).withDataKey(Buffer.alloc(32, 9))
    const { encryptedDataKeys } = await here.sender.onEncrypt(given)
    const materials = await unwrap(here.discovery, [...encryptedDataKeys])
    expect(Buffer.from(materials.dataKey)).toEqual(Buffer.alloc(32, 9))
  })

  it('has a salt, and so a wrapping key, for each data key', async () => {
    const given = encryptionMaterials().withDataKey(Buffer.alloc(32, 9))
    const ciphertexts = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const [key] = (await here.sender.onEncrypt(given)).encryptedDataKeys
        return Buffer.from(key?.ciphertext ?? []).toString('hex')
      }),
    )
    for (const part of [
      [0, 64],
      [64, 128],
      [128, 192],
    ] as const) {
      expect(new Set(ciphertexts.map((text) => text.slice(...part))).size).toBe(8)
    }
  })

  it('has a sender for each data key where that is ephemeral', async () => {
    const infos = [(await wrap(here.ephemeral)).key, (await wrap(here.ephemeral)).key].map(
      ({ providerInfo }) => Buffer.from(providerInfo),
    )
    expect(infos[0]?.subarray(0, 38)).toEqual(infos[1]?.subarray(0, 38))
    expect(infos[0]?.subarray(-33)).not.toEqual(infos[1]?.subarray(-33))
  })

  it('cannot encrypt by discovery', async () => {
    await expect(here.discovery.onEncrypt(encryptionMaterials())).rejects.toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining('"discovery"'),
    })
  })

  it('reads what the KMS keyring wrote under its own id', async () => {
    const { key, dataKey } = await wrap(here.sender)
    const materials = await unwrap(here.discovery, [{ ...key, providerId: 'aws-kms-ecdh' }])
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
  })

  it.each<[string, Record<string, string>]>([
    ['another value', { ...encryptionContext, tenant: 'e' }],
    ['a pair more', { ...encryptionContext, a: 'b' }],
    ['no pairs', {}],
  ])('does not unwrap under another context: %s', async (_, wrongContext) => {
    const { key } = await wrap(here.sender)
    const given = decryptionMaterials({ encryptionContext: wrongContext })
    const { attempts } = await here.discovery.onDecrypt(given, [key])
    expect(attempts).toMatchObject([
      { outcome: 'failed', hint: expect.stringContaining('encryption context') },
    ])
  })

  const others = keyringsOn('P-384')
  it('skips keys of others and other curves, fails on what it cannot open, and takes the next', async () => {
    const { key } = await wrap(here.sender)
    const wrong = [
      foreignKey(),
      (await wrap(others.sender)).key,
      { ...key, providerInfo: Buffer.from('no points') },
      { ...key, ciphertext: key.ciphertext.subarray(1) },
      { ...key, ciphertext: Buffer.alloc(112, 7) },
    ]
    const { attempts } = await unwrap(here.discovery, wrong)
    expect(attempts).toMatchObject([
      { provider: 'elsewhere', key: 'a key', outcome: 'skipped' },
      { provider: 'raw-ecdh', key: expect.stringMatching(/^P-384/), outcome: 'skipped' },
      { key: 'no points', outcome: 'failed', reason: expect.stringContaining('provider info') },
      { outcome: 'failed', reason: expect.stringContaining(committing) },
      { outcome: 'failed', reason: expect.stringContaining('commitment') },
    ])
    expect((await unwrap(here.discovery, [...wrong, key])).hasDataKey).toBe(true)
  })

  const malformed: [string, (info: Buffer) => Uint8Array][] = [
    ['nothing', () => new Uint8Array(0)],
    ['another version', (info) => (info.writeUInt8(2), info)],
    ["another length of the recipient's key", (info) => (info.writeUInt32BE(49, 1), info)],
    ["another length of the sender's key", (info) => (info.writeUInt32BE(32, 38), info)],
    ['a length that goes beyond the end', (info) => (info.writeUInt32BE(0xffffffff, 1), info)],
    ['a byte less', (info) => info.subarray(0, -1)],
    ['a byte more', (info) => Buffer.concat([info, Buffer.alloc(1)])],
  ]
  it.each(malformed)('notes a provider info with %s', async (_, change) => {
    const { key } = await wrap(here.sender)
    const providerInfo = change(Buffer.from(key.providerInfo))
    const keys = [{ ...key, providerInfo }, key]
    for (const keyring of [here.discovery, here.sender]) {
      const { attempts } = await unwrap(keyring, keys.slice(0, 1))
      expect(attempts).toMatchObject([
        { outcome: 'failed', reason: expect.stringContaining('provider info') },
      ])
      expect((await unwrap(keyring, keys)).hasDataKey).toBe(true)
    }
  })

  it("notes a sender's key that is not a point on the curve", async () => {
    const { key } = await wrap(here.ephemeral)
    const providerInfo = Buffer.from(key.providerInfo)
    providerInfo.fill(0xff, providerInfo.length - 32) // an x that is not below the field's prime
    const { attempts } = await unwrap(here.discovery, [{ ...key, providerInfo }])
    expect(attempts).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('not a point on P-256') },
    ])
  })

  it('does not take the sender for the recipient, whose secret is the same', async () => {
    const { key } = await wrap(here.sender)
    const info = Buffer.from(key.providerInfo)
    const providerInfo = Buffer.concat([
      info.subarray(0, 5),
      info.subarray(-33),
      info.subarray(38, 42),
      info.subarray(5, 38),
    ])
    const { attempts } = await unwrap(here.sender, [{ ...key, providerInfo }])
    expect(attempts).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('commitment') },
    ])
  })

  it('checks the tag, too', async () => {
    const { key } = await wrap(here.sender)
    const ciphertext = Buffer.from(key.ciphertext)
    ciphertext.writeUInt8(ciphertext.readUInt8(111) ^ 1, 111)
    const { attempts } = await unwrap(here.sender, [{ ...key, ciphertext }])
    expect(attempts).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('authentic') },
    ])
  })

  it('takes its turn in a multi-keyring that encrypts to several', async () => {
    const keyring = new MultiKeyring({ generator: here.ephemeral, children: [others.ephemeral] })
    const { ciphertext } = await new EnvelopeClient({ keyring }).encrypt('x', { encryptionContext })
    for (const reader of [here.discovery, others.discovery]) {
      const children = [here.ephemeral, reader]
      const client = new EnvelopeClient({ keyring: new MultiKeyring({ children }) })
      expect(Buffer.from((await client.decrypt(ciphertext)).plaintext).toString()).toBe('x')
    }
  })

  it('lets an abort in between two tries', async () => {
    const { key } = await wrap(here.ephemeral)
    const keys = Array.from({ length: 50 }, () => ({ ...key, ciphertext: Buffer.alloc(112) }))
    const controller = new AbortController()
    const materials = decryptionMaterials({ encryptionContext, signal: controller.signal })
    const decrypting = failure(() => here.discovery.onDecrypt(materials, keys))
    setImmediate(() => controller.abort())
    expect(await decrypting).toMatchObject({ code: 'ERR_ABORTED' })
  })

  it('refuses materials that have a data key', async () => {
    const { key } = await wrap(here.sender)
    const given = decryptionMaterials().withDataKey(Buffer.alloc(32))
    await expect(here.sender.onDecrypt(given, [key])).rejects.toMatchObject({
      code: 'ERR_UNWRAP_FAILED',
    })
  })
})

describe('the raw ECDH keyring overwrites', () => {
  /** A backend that keeps hold of every key that it is given, and of the derived ones. */
  function watched() {
    const keys: Uint8Array[] = []
    const keep = (key: Uint8Array) => void keys.push(key)
    const backend: CryptoBackend = {
      ...nodeBackend,
      hmac: (hash, key, message) => (keep(key), nodeBackend.hmac(hash, key, message)),
      encryptGcm: (key, nonce, aad) => (keep(key), nodeBackend.encryptGcm(key, nonce, aad)),
      decryptGcm: (key, nonce, aad) => (keep(key), nodeBackend.decryptGcm(key, nonce, aad)),
    }
    return { backend, keys }
  }
  const areZero = (keys: Uint8Array[]) => keys.every((key) => key.every((byte) => byte === 0))

  it('the shared secret and the derived keys', async () => {
    const { backend, keys } = watched()
    const { sender, discovery } = keyringsOn('P-256', backend)
    const { key } = await wrap(sender)
    expect(keys.map(({ length }) => length)).toEqual([32, 32, 32]) // two HMACs and one AES-GCM
    await unwrap(discovery, [key])
    expect(keys).toHaveLength(6)
    expect(areZero(keys)).toBe(true)
  })

  it('the unwrapped data key, once the materials have their copy', async () => {
    const { key, dataKey } = await wrap(here.sender)
    const given = decryptionMaterials({ encryptionContext })
    const withDataKey = vi.spyOn(given, 'withDataKey')
    const materials = await here.discovery.onDecrypt(given, [key])
    expect(withDataKey.mock.calls).toEqual([[new Uint8Array(32)]])
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
  })

  it('the shared secret where the commitment is another one', async () => {
    const { backend, keys } = watched()
    const { sender, discovery } = keyringsOn('P-256', backend)
    const { key } = await wrap(sender)
    keys.length = 0
    await unwrap(discovery, [{ ...key, ciphertext: Buffer.alloc(112) }])
    expect(keys).toHaveLength(2)
    expect(areZero(keys)).toBe(true)
  })

  it('both where the encryption fails, and the data key that was to be', async () => {
    const { backend, keys } = watched()
    const randoms: Uint8Array[] = []
    const failing: CryptoBackend = {
      ...backend,
      randomBytes(length) {
        const random = nodeBackend.randomBytes(length)
        randoms.push(random)
        return random
      },
      encryptGcm(key) {
        keys.push(key)
        throw new Error('the backend is broken')
      },
    }
    await failure(() => wrap(keyringsOn('P-256', failing).sender))
    expect([keys.length, randoms.length]).toEqual([3, 1])
    expect(areZero([...keys, ...randoms])).toBe(true)
  })
})

describe('the raw ECDH keyring refuses', () => {
  const { sender, recipient } = ecdhTestKeys('P-256')
  const p384 = ecdhTestKeys('P-384')
  const discovery = { type: 'discovery', recipientPrivateKey: recipient.privateKey }
  const ephemeral = { type: 'ephemeral', recipientPublicKey: recipient.publicKey }
  const fixed = {
    type: 'static',
    senderPrivateKey: sender.privateKey,
    recipientPublicKey: recipient.publicKey,
  }
  it.each<[string, unknown, string]>([
    ['no options', undefined, 'options'],
    ['no curve', { schema: discovery }, 'curve'],
    ['an unknown curve', { curve: 'SM2', schema: discovery }, 'curve'],
    ['no schema', { curve: 'P-256' }, 'schema'],
    ['a schema that is text', { curve: 'P-256', schema: 'discovery' }, 'schema'],
    ['no type', { curve: 'P-256', schema: {} }, 'type'],
    ['an unknown type', { curve: 'P-256', schema: { type: 'toString' } }, 'type'],
    ['a misspelt option', { curve: 'P-256', schema: discovery, backnd: 1 }, 'backnd'],
    [
      'an option of another type',
      { curve: 'P-256', schema: { ...discovery, ...ephemeral } },
      'recipientPrivateKey',
    ],
    ['no private key', { curve: 'P-256', schema: { type: 'discovery' } }, 'recipientPrivateKey'],
    ['no public key', { curve: 'P-256', schema: { type: 'ephemeral' } }, 'recipientPublicKey'],
    ['keys on another curve', { curve: 'P-384', schema: fixed }, 'senderPrivateKey'],
    [
      'keys on two curves',
      { curve: 'P-256', schema: { ...fixed, recipientPublicKey: p384.recipient.publicKey } },
      'recipientPublicKey',
    ],
    [
      'a private key for the public one',
      { curve: 'P-256', schema: { ...fixed, recipientPublicKey: recipient.privateKey } },
      'recipientPublicKey',
    ],
    [
      'a public key for the private one',
      { curve: 'P-256', schema: { ...fixed, senderPrivateKey: sender.publicKey } },
      'senderPrivateKey',
    ],
    ['what is no backend', { curve: 'P-256', schema: discovery, backend: {} }, 'backend'],
  ])('%s', (_, options, field) => {
    expect(() => new RawEcdhKeyring(options as RawEcdhKeyringOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })
})
