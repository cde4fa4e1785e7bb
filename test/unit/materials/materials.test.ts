import { describe, expect, it } from 'vitest'
import { encodePublicKey } from '../../../src/cmm/public-key.ts'
import {
  DecryptionMaterials,
  EncryptionMaterials,
  algorithmSuites,
  nodeBackend,
} from '../../../src/index.ts'

const suite = algorithmSuites.ALG_AES_128_GCM_IV12_TAG16_NO_KDF
const fields = { suite, encryptionContext: Object.freeze({ a: 'b' }) }
const dataKey = () => Buffer.alloc(16, 7)
const encryptedDataKey = {
  providerId: 'p',
  providerInfo: new Uint8Array(0),
  ciphertext: new Uint8Array(0),
}

interface Given {
  encryptionContext: Record<string, string>
  requiredContextKeys: string[]
  signal: AbortSignal
}

describe.each([
  [
    'EncryptionMaterials',
    (given?: Partial<Given>) => new EncryptionMaterials({ ...fields, ...given }),
  ],
  [
    'DecryptionMaterials',
    (given?: Partial<Given>) => new DecryptionMaterials({ ...fields, ...given }),
  ],
])('%s', (_, make) => {
  it('have no data key until they are given one', () => {
    const materials = make()
    expect(materials.hasDataKey).toBe(false)
    expect(() => materials.dataKey).toThrow(expect.objectContaining({ code: 'ERR_NO_DATA_KEY' }))
    const given = materials.withDataKey(dataKey())
    expect(given.hasDataKey).toBe(true)
    expect(Buffer.from(given.dataKey)).toEqual(dataKey())
    expect(materials.hasDataKey).toBe(false)
  })

  it('copy the data key, so that its owner may overwrite it', () => {
    const key = dataKey()
    const materials = make().withDataKey(key)
    key.fill(0)
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey())
  })

  it('take one data key only, and only of the length of the suite', () => {
    expect(() => make().withDataKey(dataKey()).withDataKey(dataKey())).toThrow(/already/)
    expect(() => make().withDataKey(Buffer.alloc(32))).toThrow(
      expect.objectContaining({ code: 'ERR_NO_DATA_KEY' }),
    )
  })

  it('overwrite the data key with all that came from the same request', () => {
    const given = make()
    const materials = given.withDataKey(dataKey())
    const bytes = materials.dataKey
    given.destroy()
    given.destroy()
    expect(Buffer.from(bytes)).toEqual(Buffer.alloc(16))
    expect(() => materials.dataKey).toThrow(expect.objectContaining({ code: 'ERR_NO_DATA_KEY' }))
  })

  it('and their copies live and die apart', () => {
    const materials = make().withDataKey(dataKey())
    const [first, second] = [materials.copy(), materials.copy()]
    first.destroy()
    expect(() => first.dataKey).toThrow(/destroyed/)
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey())
    const bytes = second.dataKey
    materials.destroy()
    expect(() => materials.copy()).toThrow(/destroyed/)
    expect(Buffer.from(bytes)).toEqual(dataKey())
    second.destroy()
    expect(Buffer.from(bytes)).toEqual(Buffer.alloc(16))
  })

  it('and their copies have all that they have, but the signal', () => {
    const encryptionContext = { a: 'b' }
    const { signal } = new AbortController()
    const materials = make({ encryptionContext, requiredContextKeys: ['a'], signal })
    const copy = materials.copy()
    expect(copy).toMatchObject({ suite, encryptionContext, requiredContextKeys: ['a'] })
    expect(copy.requiredContextKeys).toBe(materials.requiredContextKeys)
    expect([materials.signal, copy.signal]).toEqual([signal, undefined])
    encryptionContext.a = 'changed'
    expect(copy.encryptionContext).toEqual({ a: 'b' })
    expect(make().copy().hasDataKey).toBe(false)
  })

  it('have pairs and required keys that nobody can change, whoever gave or gets them', () => {
    const given = { encryptionContext: { a: 'b' }, requiredContextKeys: ['a'] }
    const materials = make(given).withDataKey(dataKey())
    given.encryptionContext.a = 'changed'
    given.requiredContextKeys.length = 0
    for (const { encryptionContext, requiredContextKeys } of [materials, materials.copy()]) {
      expect(() => Object.assign(encryptionContext, { a: 'changed' })).toThrow(TypeError)
      expect(() => Object.assign(requiredContextKeys, { length: 0 })).toThrow(TypeError)
    }
    expect(materials).toMatchObject({ encryptionContext: { a: 'b' }, requiredContextKeys: ['a'] })
  })
})

it('copies of encryption materials share no bytes, and no failures, that one of them could change', () => {
  const failure = { keyring: 'children[0]', reason: 'no answer' }
  const signingKey = nodeBackend.generateSigningKey('P-256')
  const publicKey = encodePublicKey(signingKey.publicKey)
  const materials = new EncryptionMaterials({ ...fields, signingKey })
    .withDataKey(dataKey())
    .withEncryptedDataKey({ ...encryptedDataKey, ciphertext: Buffer.from('abc') })
    .withWrapFailures([failure])
  const copy = materials.copy()
  const [noted] = copy.wrapFailures
  if (noted) Object.assign(noted, { reason: 'changed' })
  copy.encryptedDataKeys[0]?.ciphertext.fill(0)
  copy.signingKey?.publicKey.fill(0)
  expect(Buffer.from(materials.encryptedDataKeys[0]?.ciphertext ?? []).toString()).toBe('abc')
  expect(materials.copy().wrapFailures).toEqual([failure])
  expect(materials.wrapFailures).toEqual([{ keyring: 'children[0]', reason: 'no answer' }])
  expect(materials.copy().signingKey?.publicKey).toEqual(signingKey.publicKey)
  expect(encodePublicKey(signingKey.publicKey)).toBe(publicKey)
  expect(copy.continues(materials)).toBe(false)
})

it('copies of encryption materials sign with the same key', () => {
  const signingKey = nodeBackend.generateSigningKey('P-256')
  const copy = new EncryptionMaterials({ ...fields, signingKey }).withDataKey(dataKey()).copy()
  const signer = copy.copy().signingKey?.createSigner('sha256')
  signer?.update(Buffer.from('text'))
  const verifier = nodeBackend.createVerifier('P-256', 'sha256', signingKey.publicKey)
  verifier.update(Buffer.from('text'))
  expect(verifier.verify(signer?.sign() ?? new Uint8Array())).toBe(true)
})

it('copies of decryption materials share no bytes of the verification key, and no attempts', () => {
  const verificationKey = Buffer.from('abc')
  const attempt = { provider: 'p', key: 'k', outcome: 'skipped', reason: 'another key' } as const
  const materials = new DecryptionMaterials({ ...fields, verificationKey }).withAttempts([attempt])
  const copy = materials.copy()
  verificationKey.fill(0)
  const [noted] = materials.attempts
  if (noted) Object.assign(noted, { reason: 'changed' })
  expect(copy.attempts).toMatchObject([{ reason: 'another key' }])
  expect(Buffer.from(copy.verificationKey ?? []).toString()).toBe('abc')
})

it('encryption materials gather encrypted data keys, and never change', () => {
  const given = new EncryptionMaterials(fields).withDataKey(dataKey())
  const two = given.withEncryptedDataKey(encryptedDataKey).withEncryptedDataKey(encryptedDataKey)
  expect(given.encryptedDataKeys).toHaveLength(0)
  expect(two.encryptedDataKeys).toHaveLength(2)
  expect(Buffer.from(two.dataKey)).toEqual(dataKey())
})

it('decryption materials gather attempts, and never change', () => {
  const given = new DecryptionMaterials(fields)
  const attempt = { provider: 'p', key: 'k', outcome: 'skipped', reason: 'another key' } as const
  const noted = given.withAttempts([attempt]).withAttempts([attempt])
  expect(given.attempts).toHaveLength(0)
  expect(noted.attempts).toHaveLength(2)
})
