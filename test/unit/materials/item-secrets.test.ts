import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type CryptoBackend, DefaultCmm, type Keyring, nodeBackend } from '../../../src/index.ts'
import type { DataKey } from '../../../src/materials/data-key.ts'
import type { EncryptionMaterials } from '../../../src/materials/encryption-materials.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { itemAlgorithmSuites } from '../../../src/suites/item-suites.ts'
import { failure } from '../../support/materials.ts'

const made: DataKey[] = []

// Each key that materials hold, so that none can be forgotten: what they hold is in private fields.
vi.mock(import('../../../src/materials/data-key.ts'), async (original) => {
  const { DataKey: Original } = await original()
  class Registered extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args)
      made.push(this)
    }
  }
  return { DataKey: Registered }
})

const alive = () =>
  made.filter((key) => {
    try {
      return key.clone()
    } catch {
      return false
    }
  })

const algorithmSuite = itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384
const commitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
const encryptionContext = Object.freeze({ tenant: 'acme' })
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)

/** Wraps by keeping a copy of the key. */
function keeping(change: (key: Record<string, unknown>) => Record<string, unknown> = (key) => key) {
  const keyring: Keyring = {
    async onEncrypt(given) {
      const materials = given.hasDataKey ? given : given.withDataKey(randomBytes(32))
      const key = {
        providerId: 'p',
        providerInfo: new Uint8Array(1),
        ciphertext: materials.dataKey,
      }
      const changed = change({ ...key, ciphertext: Buffer.from(key.ciphertext) })
      return materials.withEncryptedDataKey(changed as unknown as typeof key)
    },
    async onDecrypt(given, [key]) {
      return key ? given.withDataKey(key.ciphertext) : given
    },
  }
  return keyring
}

/** Keeps hold of what the backend made. */
function recording(inner: CryptoBackend) {
  const secrets: Uint8Array[] = []
  const keep = (bytes: Uint8Array) => {
    secrets.push(bytes)
    return bytes
  }
  const backend: CryptoBackend = {
    ...inner,
    hmac: (...args) => keep(inner.hmac(...args)),
    randomBytes: (length) => keep(inner.randomBytes(length)),
  }
  return { backend, secrets }
}

const write = (keyring: Keyring, backend: CryptoBackend = nodeBackend) =>
  new DefaultCmm({ keyring, backend }).getEncryptionMaterials({
    encryptionContext,
    commitmentPolicy,
    algorithmSuite,
  })

const read = (
  { encryptedDataKeys }: EncryptionMaterials,
  backend: CryptoBackend = nodeBackend,
  context: Record<string, string> = encryptionContext,
) =>
  new DefaultCmm({ keyring: keeping(), backend }).decryptMaterials({
    algorithmSuite,
    commitmentPolicy,
    encryptedDataKeys,
    encryptionContext: context,
    reproducedEncryptionContext: {},
  })

beforeEach(() => {
  made.length = 0
})

describe.each([nodeBackend, nobleBackend])('of what an item’s keys are made: $name', (inner) => {
  it('nothing is left on encryption', async () => {
    const { backend, secrets } = recording(inner)
    await write(keeping(), backend)
    expect(secrets.length).toBeGreaterThan(3)
    expect(secrets.every(isZero)).toBe(true)
  })

  it('nothing is left on decryption, but the two keys', async () => {
    const written = await write(keeping())
    const { backend, secrets } = recording(inner)
    made.length = 0
    const materials = await read(written, backend)
    expect(secrets.length).toBeGreaterThan(2)
    expect(secrets.every(isZero)).toBe(true)
    expect(made.length).toBeGreaterThan(2)
    expect(alive()).toHaveLength(2)
    materials.destroy()
    expect(alive()).toHaveLength(0)
  })

  it('nothing is left where the item has no data key under the intermediate key', async () => {
    const written = await write(keeping())
    const { backend, secrets } = recording(inner)
    made.length = 0
    await failure(() => read(written, backend, { tenant: 'evil' }))
    expect(secrets.every(isZero)).toBe(true)
    expect(made).toHaveLength(1)
    expect(alive()).toHaveLength(0)
  })
})

it.each<[string, RegExp, Record<string, unknown>]>([
  ['a provider id', /providerId .* must be text/, { providerId: 1 }],
  ['no ciphertext', /ciphertext .* must be a Uint8Array/, { ciphertext: undefined }],
  ['a text for a ciphertext', /ciphertext .* must be a Uint8Array/, { ciphertext: 'abc' }],
  ['no provider info', /providerInfo .* must be a Uint8Array/, { providerInfo: null }],
])('no key outlives a keyring that gives %s that is none', async (_, message, change) => {
  const error = await failure(() => write(keeping((key) => ({ ...key, ...change }))))
  expect(error.message).toMatch(message)
  expect(made.length).toBeGreaterThan(1)
  expect(alive()).toHaveLength(0)
})

it.each(['randomBytes', 'hmac', 'encryptGcm'] as const)(
  'no key outlives a backend whose %s fails',
  async (member) => {
    const backend = {
      ...nodeBackend,
      [member]() {
        throw new Error('the backend failed')
      },
    }
    const error = await failure(() => write(keeping(), backend))
    expect(error.message).toMatch(/the backend failed/)
    expect(made.length).toBeGreaterThan(0)
    expect(alive()).toHaveLength(0)
  },
)
