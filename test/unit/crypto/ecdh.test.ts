import { type KeyObject, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import type { EcdhCurveName } from '../../../src/index.ts'
import {
  agreeOnSecret,
  checkEcdhCurve,
  ecdhPublicKey,
  generateEcdhKeyPair,
  importEcdhPrivateKey,
  importEcdhPublicKey,
} from '../../../src/crypto/ecdh.ts'
import { pointAsSpki } from '../../../src/crypto/node-point.ts'
import { ecdhCurves, ecdhTestKeys } from '../../support/ecdh.ts'
import { failure } from '../../support/materials.ts'

/** The second implementation. */
const noble = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const

const spki = { format: 'der', type: 'spki' } as const
const pkcs8 = { format: 'der', type: 'pkcs8' } as const
const sec1 = { format: 'der', type: 'sec1' } as const

function keysOn(curve: EcdhCurveName) {
  const { sender, recipient } = ecdhTestKeys(curve)
  const privateKey = createPrivateKey(sender.privateKey)
  return { privateKey, publicKey: createPublicKey(sender.publicKey), recipient }
}

function secretOf(privateKey: KeyObject): Buffer {
  return Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
}

/** A public key of P-256 with other bytes in place of its point. */
function withPoint(point: Uint8Array): Buffer {
  const algorithm = Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex')
  const bits = Buffer.concat([Buffer.from([3, point.length + 1, 0]), point])
  return Buffer.concat([Buffer.from([0x30, algorithm.length + bits.length]), algorithm, bits])
}

const asPem = (der: Buffer) =>
  `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`

describe.each(ecdhCurves)('ECDH on %s', (curve) => {
  const { privateKey, publicKey, recipient } = keysOn(curve)
  const own = importEcdhPrivateKey(privateKey, curve, 'own')
  const other = importEcdhPublicKey(recipient.publicKey, curve, 'other')

  it('agrees on the same secret as @noble/curves', () => {
    const pairs = [own, ...Array.from({ length: 5 }, () => generateEcdhKeyPair(curve))]
    for (const pair of pairs) {
      const shared = noble[curve].getSharedSecret(secretOf(pair.privateKey), other.point)
      expect(Buffer.from(agreeOnSecret(pair.privateKey, other))).toEqual(
        Buffer.from(shared.subarray(1)),
      )
    }
  })

  it('has both sides agree', () => {
    const pair = generateEcdhKeyPair(curve)
    expect(agreeOnSecret(pair.privateKey, own.publicKey)).toEqual(
      agreeOnSecret(own.privateKey, pair.publicKey),
    )
  })

  it('makes the same compressed point of a private key as @noble/curves', () => {
    const point = noble[curve].getPublicKey(secretOf(privateKey), true)
    expect(Buffer.from(own.publicKey.point)).toEqual(Buffer.from(point))
    expect(own.publicKey.curve).toBe(curve)
  })

  it('writes a point as the SubjectPublicKeyInfo that OpenSSL writes', () => {
    expect(pointAsSpki(own.publicKey)).toEqual(publicKey.export(spki))
  })

  it('makes a new key pair each time', () => {
    const points = Array.from({ length: 3 }, () => generateEcdhKeyPair(curve).publicKey.point)
    expect(new Set(points.map((point) => Buffer.from(point).toString('hex'))).size).toBe(3)
  })

  const compressed = ecdhPublicKey(own.publicKey)
  const publicForms: [string, string | Buffer | KeyObject][] = [
    ['PEM', publicKey.export({ type: 'spki', format: 'pem' })],
    ['PEM as bytes', Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }))],
    ['DER', publicKey.export(spki)],
    ['DER with a compressed point', compressed?.key.export(spki) ?? ''],
    ['a KeyObject', publicKey],
    ['a KeyObject with a compressed point', compressed?.key ?? ''],
  ]
  it.each(publicForms)('imports a public key: %s', (_, form) => {
    const imported = importEcdhPublicKey(form, curve, 'key')
    expect(Buffer.from(imported.point)).toEqual(Buffer.from(own.publicKey.point))
  })

  const privateForms: [string, string | Buffer | KeyObject][] = [
    ['PEM, PKCS #8', privateKey.export({ type: 'pkcs8', format: 'pem' })],
    ['PEM, SEC 1', privateKey.export({ type: 'sec1', format: 'pem' })],
    ['PEM as bytes', Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }))],
    ['DER, PKCS #8', privateKey.export(pkcs8)],
    ['DER, SEC 1', privateKey.export(sec1)],
    ['a KeyObject', privateKey],
  ]
  it.each(privateForms)('imports a private key: %s', (_, form) => {
    const imported = importEcdhPrivateKey(form, curve, 'key')
    expect(imported.privateKey.equals(privateKey)).toBe(true)
    expect(imported.publicKey.point).toEqual(own.publicKey.point)
  })

  it.each(privateForms)('refuses a private key as a public one: %s', async (_, form) => {
    const error = await failure(() => importEcdhPublicKey(form, curve, 'theirKey'))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'theirKey' })
    expect(error.message).toContain('not a private one')
  })

  it.each(publicForms)('refuses a public key as a private one: %s', (_, form) => {
    expect(() => importEcdhPrivateKey(form, curve, 'ownKey')).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field: 'ownKey' }),
    )
  })

  it('refuses keys on the other curves, and names both', async () => {
    for (const wrong of ecdhCurves.filter((name) => name !== curve)) {
      const keys = keysOn(wrong)
      for (const work of [
        () => importEcdhPublicKey(keys.publicKey, curve, 'key'),
        () => importEcdhPrivateKey(keys.privateKey, curve, 'key'),
      ]) {
        const error = await failure(work)
        expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'key' })
        expect(error.message).toBe(`key is a key on ${wrong}, and curve is ${curve}`)
      }
    }
  })

  it('knows no key for the point of another curve, or one that is on none', () => {
    const { point } = own.publicKey
    const field = point.length - 1
    // Some coordinates have no point: the curve's equation has a solution for about half of them.
    const offCurve = Array.from({ length: 64 }, (_, x) => {
      const bytes = new Uint8Array(point.length)
      bytes.set([2])
      bytes[field] = x
      return bytes
    }).filter((bytes) => !isOnCurve(curve, bytes))
    expect(offCurve.length).toBeGreaterThan(10)
    const wrongPoints = [
      ...offCurve,
      Uint8Array.of(0), // infinity
      point.subarray(1),
      point.subarray(0, -1),
      Uint8Array.of(...point, 0),
      Uint8Array.of(4, ...point.subarray(1)),
      Uint8Array.of(0, ...point.subarray(1)),
      Uint8Array.of(2, ...new Uint8Array(field).fill(255)), // x is not below the field's prime
      new Uint8Array(0),
    ]
    for (const wrong of wrongPoints) expect(ecdhPublicKey({ curve, point: wrong })).toBeUndefined()
  })
})

function isOnCurve(curve: EcdhCurveName, point: Uint8Array): boolean {
  try {
    noble[curve].Point.fromBytes(point)
    return true
  } catch {
    return false
  }
}

describe('an ECDH public key is refused', () => {
  const { publicKey } = keysOn('P-256')
  const der = publicKey.export(spki)
  const point = der.subarray(-65)
  const x = point.subarray(1, 33)
  const offCurve = Buffer.from(point)
  offCurve.writeUInt8(offCurve.readUInt8(64) ^ 1, 64)
  const offField = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 255)])
  const hybrid = Buffer.from(point)
  hybrid.writeUInt8(6 + (hybrid.readUInt8(64) & 1), 0)
  const byNumbers = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
  const infinity = withPoint(Buffer.of(0))
  const wrong: [string, unknown][] = [
    ['a point that is not on the curve', withPoint(offCurve)],
    ['the same in PEM', asPem(withPoint(offCurve))],
    ['coordinates that are not below the prime', withPoint(offField)],
    ['zeros for coordinates', withPoint(Buffer.concat([Buffer.of(4), Buffer.alloc(64)]))],
    ['a compressed point without a solution', withPoint(notOnP256())],
    ['the hybrid form of a point', withPoint(hybrid)],
    ['a point without its sign', withPoint(x)],
    // Node 20 ends the process by a failed assertion when it is asked for such a key's curve.
    ['the point at infinity', infinity],
    ['the point at infinity in PEM', asPem(infinity)],
    ['the point at infinity as a KeyObject', createPublicKey({ key: infinity, ...spki })],
    ['a curve described by numbers', byNumbers.publicKey.export(spki)],
    ['the same as a KeyObject', byNumbers.publicKey],
    ['a key cut short', der.subarray(0, 80)],
    ['the point alone', point],
    [
      'a key on a curve that is not known',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
    ],
    ['an X25519 key', generateKeyPairSync('x25519').publicKey],
    ['an RSA key', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
    ['text that is no PEM', 'not a key'],
    ['empty text', ''],
    ['no bytes', new Uint8Array(0)],
    ['null', null],
    ['a number', 7],
  ]
  it.each(wrong)('with %s', (_, key) => {
    expect(() => importEcdhPublicKey(key as string, 'P-256', 'theirKey')).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARGUMENT',
        field: 'theirKey',
        message: expect.stringContaining('valid public key on P-256'),
      }),
    )
  })

  function notOnP256(): Buffer {
    const bytes = Buffer.alloc(33)
    bytes[0] = 2
    for (let low = 0; isOnCurve('P-256', bytes); low++) bytes[32] = low
    return bytes
  }

  it('and the right form of the same key is not', () => {
    expect(importEcdhPublicKey(withPoint(point), 'P-256', 'key').key.equals(publicKey)).toBe(true)
  })
})

describe('an ECDH private key is refused', () => {
  const { privateKey, recipient } = keysOn('P-256')
  const other = createPublicKey(recipient.publicKey).export(spki).subarray(-65)
  const mismatched = privateKey.export(pkcs8)
  mismatched.set(other, mismatched.length - 65)
  const zero = privateKey.export(sec1)
  zero.fill(0, 7, 7 + 32)
  const encrypted = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'passphrase',
  })
  const byNumbers = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
  const wrong: [string, unknown][] = [
    ['with the public key of another', mismatched],
    ['that is zero', zero],
    ['that is encrypted', encrypted],
    ['on a curve described by numbers', byNumbers.privateKey],
    ['cut short', privateKey.export(pkcs8).subarray(0, 60)],
    ['for X25519', generateKeyPairSync('x25519').privateKey],
    ['for RSA', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
    ['that is text', 'not a key'],
    ['that is null', null],
  ]
  it.each(wrong)('%s', (_, key) => {
    expect(() => importEcdhPrivateKey(key as string, 'P-256', 'ownKey')).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field: 'ownKey' }),
    )
  })

  it('and the public key that comes with it is named as the reason', async () => {
    const error = await failure(() => importEcdhPrivateKey(mismatched, 'P-256', 'ownKey'))
    expect(error.message).toContain('do not belong together')
  })

  it('without being quoted', async () => {
    const pem = ecdhTestKeys('P-256').sender.privateKey
    const broken = pem.replace('MIG', 'MI!')
    const error = await failure(() => importEcdhPrivateKey(broken, 'P-256', 'ownKey'))
    expect(error.message).not.toContain(pem.split('\n')[1])
    expect(error.cause).toBeUndefined()
  })
})

describe('an ECDH private key', () => {
  it('leaves no copy in the pool that small buffers share', () => {
    const der = keysOn('P-256').privateKey.export(pkcs8)
    const ours = Buffer.from(der.toString('hex'), 'hex')
    const before = Buffer.allocUnsafe(8).buffer
    const key = new Uint8Array(ours) // a buffer of its own, outside of the pool
    ours.fill(0)
    importEcdhPrivateKey(key, 'P-256', 'key')
    const pools = [before, Buffer.allocUnsafe(8).buffer].map((pool) => Buffer.from(pool))
    expect(pools.map((pool) => pool.indexOf(key.subarray(36, 36 + 32)))).toEqual([-1, -1])
  })
})

describe('a curve', () => {
  it.each(['P-224', 'p-256', 'toString', '', undefined, 256])('is refused: %s', (curve) => {
    expect(() => checkEcdhCurve(curve as EcdhCurveName)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field: 'curve' }),
    )
  })
})
