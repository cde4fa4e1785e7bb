import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  DefaultCmm,
  type EncryptedDataKey,
  type EncryptionContext,
  type Keyring,
  MultiKeyring,
  nodeBackend,
} from '../../../src/index.ts'
import { DecryptionMaterials } from '../../../src/materials/decryption-materials.ts'
import {
  EncryptionMaterials,
  plaintextDataKeyOf,
} from '../../../src/materials/encryption-materials.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { serializeContext } from '../../../src/format/encryption-context.ts'
import { itemAlgorithmSuites } from '../../../src/suites/item-suites.ts'
import { failure } from '../../support/materials.ts'

const suite = itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384
const encryptionContext = Object.freeze({ 'aws-crypto-table-name': 'orders', tenant: 'acme' })
const commitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'

const encryption = (backend = nodeBackend) =>
  new EncryptionMaterials({ suite, encryptionContext, backend })
const wrappedAs = (ciphertext: Uint8Array): EncryptedDataKey => ({
  providerId: 'test',
  providerInfo: Buffer.from('key'),
  ciphertext,
})
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')

/** "Wraps" by handing out the key that it was to wrap. */
function plainKeyring(): Keyring {
  return {
    async onEncrypt(materials) {
      const given = materials.hasDataKey ? materials : materials.withDataKey(randomBytes(32))
      return given.withEncryptedDataKey(wrappedAs(given.dataKey))
    },
    async onDecrypt(materials, [key]) {
      return key ? materials.withDataKey(key.ciphertext) : materials
    },
  }
}

function decryption(
  keys: readonly EncryptedDataKey[],
  context: EncryptionContext = encryptionContext,
) {
  return new DecryptionMaterials({
    suite,
    encryptionContext: context,
    wrappedDataKeys: keys.map(({ ciphertext }) => ciphertext.subarray(0, 48)),
  })
}

describe.each([nodeBackend, nobleBackend])('encryption materials of items: $name', (backend) => {
  it('have a data key that no keyring has seen', () => {
    const given = Buffer.alloc(32, 7)
    const materials = encryption(backend).withDataKey(given)
    expect(hex(materials.dataKey)).toBe(hex(given))
    expect(hex(plaintextDataKeyOf(materials))).not.toBe(hex(given))
    expect(plaintextDataKeyOf(materials)).toHaveLength(32)
  })

  it('put it under what the keyring wrapped, as the specification has it', () => {
    const intermediateKey = Buffer.alloc(32, 7)
    const materials = encryption(backend)
      .withDataKey(intermediateKey)
      .withEncryptedDataKey(wrappedAs(Buffer.from('what the keyring made of it')))
    const derived = (label: string) =>
      Buffer.from(
        hkdfSync(
          'sha512',
          intermediateKey,
          Buffer.alloc(0),
          `AWS_MPL_INTERMEDIATE_KEYWRAP_${label}`,
          32,
        ),
      )
    const cipher = createCipheriv('aes-256-gcm', derived('ENC'), Buffer.alloc(12))
    cipher.setAAD(serializeContext(encryptionContext))
    const sealed = [
      cipher.update(plaintextDataKeyOf(materials)),
      cipher.final(),
      cipher.getAuthTag(),
    ]
    const [key] = materials.encryptedDataKeys
    expect(hex(key?.ciphertext)).toBe(
      hex(Buffer.concat([...sealed, Buffer.from('what the keyring made of it')])),
    )
    expect(materials.symmetricSigningKeys.map(hex)).toEqual([hex(derived('MAC'))])
  })

  it('have an intermediate key of its own for each encrypted data key', async () => {
    const keyrings = [plainKeyring(), plainKeyring(), plainKeyring()] as const
    const [generator, ...children] = keyrings
    const multi = new MultiKeyring({ generator, children })
    const materials = await multi.onEncrypt(encryption(backend))
    const intermediate = materials.encryptedDataKeys.map(({ ciphertext }) =>
      hex(ciphertext.subarray(48)),
    )
    const wrapped = materials.encryptedDataKeys.map(({ ciphertext }) =>
      hex(ciphertext.subarray(0, 48)),
    )
    for (const list of [intermediate, wrapped, materials.symmetricSigningKeys.map(hex)]) {
      expect(new Set(list).size).toBe(3)
    }
    // Each leads to the one data key, and to the HMAC key at its place.
    for (const [index, key] of materials.encryptedDataKeys.entries()) {
      const opened = decryption(materials.encryptedDataKeys).withDataKey(
        key.ciphertext.subarray(48),
      )
      expect(hex(opened.dataKey)).toBe(hex(plaintextDataKeyOf(materials)))
      expect(hex(opened.symmetricSigningKey)).toBe(hex(materials.symmetricSigningKeys[index]))
    }
  })
})

describe('encryption materials of items', () => {
  const begun = () => encryption().withDataKey(randomBytes(32))

  it('are not changed by what comes of them', () => {
    const materials = begun()
    const first = materials.dataKey
    const more = materials.withEncryptedDataKey(wrappedAs(Buffer.from('1')))
    expect(materials.encryptedDataKeys).toHaveLength(0)
    expect(materials.symmetricSigningKeys).toHaveLength(0)
    expect(hex(materials.dataKey)).toBe(hex(first))
    expect(hex(more.dataKey)).not.toBe(hex(first))
    expect(hex(more.dataKey)).toBe(hex(more.dataKey))
    expect(hex(plaintextDataKeyOf(more))).toBe(hex(plaintextDataKeyOf(materials)))
  })

  it('refuse an encrypted data key of a key that nobody has read', async () => {
    const materials = begun().withEncryptedDataKey(wrappedAs(Buffer.from('1')))
    const error = await failure(() => materials.withEncryptedDataKey(wrappedAs(Buffer.from('2'))))
    expect(error).toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringMatching(/dataKey/),
    })
  })

  it('fail with a keyring that wraps the key of earlier materials once more', async () => {
    const stale: Keyring = {
      ...plainKeyring(),
      async onEncrypt(materials) {
        const given = materials.withDataKey(randomBytes(32))
        const once = wrappedAs(given.dataKey)
        return given.withEncryptedDataKey(once).withEncryptedDataKey(once)
      },
    }
    const request = { encryptionContext, commitmentPolicy, algorithmSuite: suite } as const
    const error = await failure(() =>
      new DefaultCmm({ keyring: stale }).getEncryptionMaterials(request),
    )
    expect(error.code).toBe('ERR_WRAP_FAILED')
  })

  it('continue what they come from, and nothing else', () => {
    const given = encryption()
    const materials = given.withDataKey(randomBytes(32))
    const more = materials.withEncryptedDataKey(wrappedAs(Buffer.from('1')))
    expect([materials.continues(given), more.continues(given), more.continues(materials)]).toEqual([
      true,
      true,
      true,
    ])
    expect([
      materials.continues(more),
      more.continues(begun()),
      more.copy().continues(more),
    ]).toEqual([false, false, false])
    expect(given.withDataKey(randomBytes(32)).continues(materials)).toBe(false)
  })

  it('overwrite all keys when they are destroyed, and no copy’s', () => {
    const materials = begun()
    const handedOut = [materials.dataKey, plaintextDataKeyOf(materials)]
    const more = materials.withEncryptedDataKey(wrappedAs(Buffer.from('1')))
    handedOut.push(more.dataKey, ...more.symmetricSigningKeys)
    const copy = more.copy()
    const copied = [plaintextDataKeyOf(copy), ...copy.symmetricSigningKeys]
    expect(copied.map(hex)).toEqual([handedOut[1], handedOut[3]].map(hex))
    materials.destroy()
    expect(handedOut.every(isZero)).toBe(true)
    expect(copied.some(isZero)).toBe(false)
    expect(copy.encryptedDataKeys).toEqual(more.encryptedDataKeys)
    copy.destroy()
    expect(copied.every(isZero)).toBe(true)
    for (const read of [
      () => more.dataKey,
      () => plaintextDataKeyOf(more),
      () => more.symmetricSigningKeys,
    ]) {
      expect(read).toThrow(/destroyed/)
    }
  })

  it('show no key', () => {
    const materials = begun().withEncryptedDataKey(wrappedAs(Buffer.from('1')))
    expect(JSON.stringify(materials)).not.toContain(hex(plaintextDataKeyOf(materials)))
  })
})

describe('decryption materials of items', () => {
  const written = () => {
    const given = encryption().withDataKey(randomBytes(32))
    const key = wrappedAs(given.dataKey)
    return { materials: given.withEncryptedDataKey(key), intermediateKey: key.ciphertext }
  }

  it.each<[string, (keys: readonly EncryptedDataKey[], key: Uint8Array) => DecryptionMaterials]>([
    ['another intermediate key', (keys) => decryption(keys).withDataKey(randomBytes(32))],
    [
      'another encryption context',
      (keys, key) => decryption(keys, { ...encryptionContext, tenant: 'evil' }).withDataKey(key),
    ],
    ['no wrapped data key', (_, key) => decryption([]).withDataKey(key)],
    [
      'one that is too short',
      (_, key) => decryption([wrappedAs(Buffer.alloc(47))]).withDataKey(key),
    ],
    ['one that is empty', (_, key) => decryption([wrappedAs(Buffer.alloc(0))]).withDataKey(key)],
  ])('have no data key with %s', async (_, open) => {
    const { materials, intermediateKey } = written()
    const error = await failure(() => open(materials.encryptedDataKeys, intermediateKey))
    expect(error).toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
    expect(error.message).not.toContain(hex(intermediateKey))
  })

  it('have none with any bit of the wrapped data key changed', async () => {
    const { materials, intermediateKey } = written()
    const [key] = materials.encryptedDataKeys
    const ciphertext = Buffer.from(key?.ciphertext ?? [])
    for (let bit = 0; bit < 8 * 48; bit++) {
      const changed = Buffer.from(ciphertext)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const error = await failure(() =>
        decryption([wrappedAs(changed)]).withDataKey(intermediateKey),
      )
      expect(error.code, `bit ${bit}`).toBe('ERR_UNWRAP_FAILED')
    }
  })

  it('overwrite all keys when they are destroyed, and no copy’s', () => {
    const { materials, intermediateKey } = written()
    const opened = decryption(materials.encryptedDataKeys).withDataKey(intermediateKey)
    const { symmetricSigningKey = Buffer.alloc(0) } = opened
    const handedOut = [opened.dataKey, symmetricSigningKey]
    const copy = opened.copy()
    const { symmetricSigningKey: copiedKey = Buffer.alloc(0) } = copy
    const copied = [copy.dataKey, copiedKey]
    expect(copied.map(hex)).toEqual(handedOut.map(hex))
    opened.destroy()
    expect(handedOut.every(isZero)).toBe(true)
    expect(copied.some(isZero)).toBe(false)
    copy.destroy()
    expect(copied.every(isZero)).toBe(true)
  })

  it('refuse a second key, and one of another length', async () => {
    const { materials, intermediateKey } = written()
    const opened = decryption(materials.encryptedDataKeys).withDataKey(intermediateKey)
    expect((await failure(() => opened.withDataKey(intermediateKey))).code).toBe(
      'ERR_UNWRAP_FAILED',
    )
    const short = intermediateKey.subarray(1)
    const given = decryption(materials.encryptedDataKeys)
    expect((await failure(() => given.withDataKey(short))).code).toBe('ERR_NO_DATA_KEY')
  })
})

it.each([nodeBackend, nobleBackend])(
  'no key outlives a backend that fails: $name',
  async (inner) => {
    for (let after = 0; after < 4; after++) {
      const keys: Uint8Array[] = []
      let calls = 0
      const note = (key: Uint8Array) => {
        keys.push(key)
        if (calls++ === after) throw new Error('the backend failed')
      }
      const backend = {
        ...inner,
        hmac(...args: Parameters<typeof inner.hmac>) {
          note(args[1])
          return inner.hmac(...args)
        },
        encryptGcm(...args: Parameters<typeof inner.encryptGcm>) {
          note(args[0])
          return inner.encryptGcm(...args)
        },
      }
      const keyring = plainKeyring()
      const request = { encryptionContext, commitmentPolicy, algorithmSuite: suite } as const
      const cmm = new DefaultCmm({ keyring, backend })
      expect((await failure(() => cmm.getEncryptionMaterials(request))).message).toMatch(/failed/)
      expect(keys.every(isZero), `after ${after}`).toBe(true)
    }
  },
)
