import { createPrivateKey } from 'node:crypto'
import { KMSClient } from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import {
  DefaultCmm,
  EnvelopeClient,
  MultiKeyring,
  RawAesKeyring,
  RawEcdhKeyring,
  RawRsaKeyring,
  nodeBackend,
} from '../../../src/index.ts'
import { KmsKeyring } from '../../../src/kms.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { ecdhTestKeys } from '../../support/ecdh.ts'
import { fixtureKey, readFixtures } from '../../support/fixtures.ts'
import { decryptionMaterials, encryptionMaterials, failure } from '../../support/materials.ts'
import { expectNoTraces, shown } from '../../support/traces.ts'

/** Bytes that occur nowhere by chance. */
const secret = (first: number) => Buffer.from(Array.from({ length: 32 }, (_, i) => first + 3 * i))
const wrappingKey = secret(101)
const dataKey = secret(50)
const rsaKey = fixtureKey(readFixtures(), 'rsa-2048')
const { privateKey, publicKey } =
  'privateKey' in rsaKey ? rsaKey : { privateKey: '', publicKey: '' }
const { d = '', p = '' } = createPrivateKey(privateKey).export({ format: 'jwk' })
const rsaSecrets = [d, p].map((part) => Buffer.from(part, 'base64url'))
const ecdhKeys = ecdhTestKeys('P-256')
const ecdhJwk = createPrivateKey(ecdhKeys.recipient.privateKey).export({ format: 'jwk' })
const ecdhSecret = Buffer.from(ecdhJwk.d ?? '', 'base64url')

describe('the search for traces', () => {
  it.each([
    ['a Buffer', wrappingKey],
    ['a Uint8Array', new Uint8Array(wrappingKey)],
    ['base64', wrappingKey.toString('base64')],
    ['hex', { key: wrappingKey.toString('hex') }],
    ['latin1', wrappingKey.toString('latin1')],
    ['a part', { nested: [wrappingKey.subarray(9, 20)] }],
  ])('finds them in %s', (_, value) => {
    expect(() => {
      expectNoTraces(value, [wrappingKey])
    }).toThrow('shows')
  })

  it('finds those of an RSA key in its PEM', () => {
    expect(() => {
      expectNoTraces(privateKey, rsaSecrets)
    }).toThrow('shows')
  })
})

const names = { keyNamespace: 'test', keyName: 'key' }
const aes = new RawAesKeyring({ ...names, wrappingKey })
const rsa = new RawRsaKeyring({ ...names, publicKey, privateKey, padding: 'oaep-sha256' })
const kms = new KmsKeyring({
  client: new KMSClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'id', secretAccessKey: wrappingKey.toString('hex') },
  }),
  keyId: 'alias/orders',
})
const ecdh = new RawEcdhKeyring({
  curve: 'P-256',
  schema: {
    type: 'static',
    senderPrivateKey: ecdhKeys.recipient.privateKey,
    recipientPublicKey: ecdhKeys.sender.publicKey,
  },
})
const multi = new MultiKeyring({ generator: aes, children: [rsa, ecdh, kms] })

describe('no key bytes are shown by', () => {
  it.each([
    ['the raw AES keyring', aes],
    ['the raw RSA keyring', rsa],
    ['the raw ECDH keyring', ecdh],
    ['the KMS keyring', kms],
    ['the multi-keyring', multi],
    ['the default CMM', new DefaultCmm({ keyring: multi })],
    ['the client', new EnvelopeClient({ keyring: multi })],
  ])('%s', (_, value) => {
    expectNoTraces(value, [wrappingKey, ecdhSecret, ...rsaSecrets])
  })

  it('encryption materials', async () => {
    const materials = encryptionMaterials().withDataKey(dataKey)
    expectNoTraces(materials, [dataKey])
    expectNoTraces(await aes.onEncrypt(materials), [dataKey, wrappingKey])
  })

  it('decryption materials', () => {
    expectNoTraces(decryptionMaterials().withDataKey(dataKey), [dataKey])
  })

  it.each([nodeBackend, nobleBackend])('a signing key: $name', (backend) => {
    const key = backend.generateSigningKey('P-384')
    expect(Object.keys(key)).toEqual(['publicKey'])
    expect(shown(key)).not.toMatch(/private|secret/i)
  })

  it('an error about a data key of wrong length', async () => {
    const suite = 'ALG_AES_128_GCM_IV12_TAG16_NO_KDF'
    const error = await failure(() => encryptionMaterials({ suite }).withDataKey(dataKey))
    expectNoTraces(error, [dataKey])
  })

  it('an error about a wrapping key of wrong length', async () => {
    const wrong = wrappingKey.subarray(0, 31)
    const error = await failure(() => new RawAesKeyring({ ...names, wrappingKey: wrong }))
    expectNoTraces(error, [wrappingKey])
  })

  it('an error about keys that did not open', async () => {
    const { ciphertext } = await new EnvelopeClient({ keyring: aes }).encrypt('x')
    const wrong = new RawAesKeyring({ ...names, wrappingKey: dataKey })
    const keyring = new MultiKeyring({ generator: wrong, children: [rsa, kms] })
    const error = await failure(() => new EnvelopeClient({ keyring }).decrypt(ciphertext))
    expectNoTraces(error, [wrappingKey, dataKey, ...rsaSecrets])
  })
})

describe('a data key is gone', () => {
  it('from all materials of a request once one of them is destroyed', () => {
    const given = encryptionMaterials()
    const materials = given.withDataKey(dataKey)
    const bytes = materials.dataKey
    given.destroy()
    expect(Buffer.from(bytes)).toEqual(Buffer.alloc(32))
    expect(() => materials.dataKey).toThrow(expect.objectContaining({ code: 'ERR_NO_DATA_KEY' }))
    expect(dataKey).toEqual(secret(50)) // the caller's own is the caller's
  })
})
