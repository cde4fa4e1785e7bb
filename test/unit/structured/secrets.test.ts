import { describe, expect, it } from 'vitest'
import { type CryptoBackend, nodeBackend } from '../../../src/index.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { parseHeader } from '../../../src/structured/header.ts'
import { failure } from '../../support/materials.ts'
import {
  decryptionMaterialsFor,
  encrypt,
  field,
  flipped,
  materialsFor,
  open,
  severalKeys,
  signed,
  store,
  unsigned,
} from './harness.ts'
import { plaintextDataKeyOf } from '../../../src/materials/encryption-materials.ts'

const fields = [
  field('id', 'SIGN_ONLY'),
  field('card', 'ENCRYPT_AND_SIGN', 'secret value of card'),
  field('name', 'ENCRYPT_AND_SIGN', 'secret value of name'),
]
const { keyring } = severalKeys(2)

/** Keeps hold of every key that the backend is given, or that it makes and does not hand out as text. */
function recording(inner: CryptoBackend, fail?: keyof CryptoBackend, after = 0) {
  const keys: Uint8Array[] = []
  let calls = 0
  const note = (member: keyof CryptoBackend, ...given: Uint8Array[]) => {
    keys.push(...given)
    if (member === fail && calls++ === after) throw new Error('the backend failed')
  }
  const backend: CryptoBackend = {
    ...inner,
    hmac(hash, key, message) {
      note('hmac', key)
      return inner.hmac(hash, key, message)
    },
    keystream(key, counter, length) {
      note('keystream', key)
      const stream = inner.keystream(key, counter, length)
      keys.push(stream)
      return stream
    },
    encryptGcm(key, nonce, aad) {
      note('encryptGcm', key)
      return inner.encryptGcm(key, nonce, aad)
    },
    decryptGcm(key, nonce, aad) {
      note('decryptGcm', key)
      return inner.decryptGcm(key, nonce, aad)
    },
    createVerifier(curve, hash, publicKey) {
      note('createVerifier')
      return inner.createVerifier(curve, hash, publicKey)
    },
    digest(hash, message) {
      note('digest')
      return inner.digest(hash, message)
    },
  }
  return { backend, keys }
}

function expectOverwritten(keys: readonly Uint8Array[]) {
  expect(keys.length).toBeGreaterThan(0)
  for (const key of keys) expect(key.every((byte) => byte === 0)).toBe(true)
}

describe.each([nodeBackend, nobleBackend])(
  'keys that are used up are overwritten: $name',
  (inner) => {
    it('on encryption and decryption', async () => {
      const writing = recording(inner)
      const materials = await materialsFor(keyring, { suite: signed })
      const stored = store(materials, fields, { backend: writing.backend })
      expectOverwritten(writing.keys)
      const opening = await decryptionMaterialsFor(keyring, parseHeader(stored.header))
      const reading = recording(inner)
      expect(open(opening, stored, { backend: reading.backend }).size).toBe(2)
      expectOverwritten(reading.keys)
      // What the materials have is theirs, for another item.
      expect(open(opening, stored).size).toBe(2)
      expect(plaintextDataKeyOf(materials).some((byte) => byte !== 0)).toBe(true)
    })

    const writes = [
      ['hmac', 0],
      ['hmac', 1],
      ['hmac', 2],
      ['hmac', 3],
      ['hmac', 4],
      ['hmac', 5],
      ['keystream', 0],
      ['encryptGcm', 1],
      ['digest', 0],
    ] as const
    it.each(writes)('on encryption, when %s number %i fails', async (member, after) => {
      const { backend, keys } = recording(inner, member, after)
      const materials = await materialsFor(keyring, { suite: signed })
      const error = await failure(() => store(materials, fields, { backend }))
      expect(error.message).toBe('the backend failed')
      expectOverwritten(keys)
    })

    const reads = [
      ...writes.filter(([member, after]) => member !== 'encryptGcm' && after < 5),
      ['createVerifier', 0],
      ['decryptGcm', 1],
    ] as const
    it.each(reads)('on decryption, when %s number %i fails', async (member, after) => {
      const stored = await encrypt(keyring, fields, { suite: signed })
      const materials = await decryptionMaterialsFor(keyring, parseHeader(stored.header))
      const { backend, keys } = recording(inner, member, after)
      await failure(() => open(materials, stored, { backend }))
      expectOverwritten(keys)
    })
  },
)

it.each([unsigned, signed])('no error holds a value or a key: $name', async (suite) => {
  const materials = await materialsFor(keyring, { suite })
  const stored = store(materials, fields)
  const opening = await decryptionMaterialsFor(keyring, parseHeader(stored.header))
  const changed = [
    { ...stored, header: flipped(stored.header, 8 * stored.header.length - 1) },
    { ...stored, footer: flipped(stored.footer, 0) },
    { ...stored, fields: stored.fields.slice(1) },
    { ...stored, fields: stored.fields.map((each) => ({ ...each, typeId: 1 })) },
  ]
  const dataKey = Buffer.from(opening.dataKey)
  for (const each of changed) {
    const error = await failure(() => open(opening, each))
    const text = `${error.stack} ${JSON.stringify(error)}`
    for (const secret of ['value of', dataKey.toString('hex'), dataKey.toString('base64')]) {
      expect(text).not.toContain(secret)
    }
  }
})
