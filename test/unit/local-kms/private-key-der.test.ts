import { createECDH, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ecPrivateKey, rsaPrivateKey } from '../../../src/local-kms/private-key-der.ts'
import {
  bits,
  explicitP256,
  integer,
  octets,
  ORDER_OF_P256,
  P256,
  SECP256K1,
  sequence,
  writtenEcKey,
  type EcKeyParts,
} from './der-writer.ts'

const ecdh = createECDH('prime256v1')
const point = ecdh.generateKeys()
const scalar = Buffer.concat([Buffer.alloc(32), ecdh.getPrivateKey()]).subarray(-32)
const compressed = ecdh.getPublicKey(null, 'compressed')
const pkcs8 = (parts: Partial<EcKeyParts>) => writtenEcKey({ scalar, ...parts })
const otherPoint = createECDH('prime256v1').generateKeys()

describe('ecPrivateKey', () => {
  it.each(['prime256v1', 'secp384r1', 'secp521r1'] as const)('reads a key on %s', (curve) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
    const written = privateKey.export({ format: 'der', type: 'pkcs8' })
    expect(ecPrivateKey(curve, written)?.equals(privateKey)).toBe(true)
  })

  it.each<[string, Partial<EcKeyParts>]>([
    ['no public key', {}],
    ['its public key', { publicKey: bits(point) }],
    ['its public key, compressed', { publicKey: bits(compressed) }],
    ['its curve named twice', { parameters: P256, publicKey: bits(point) }],
    ['attributes', { attributes: sequence() }],
  ])('reads a key with %s', (_, parts) => {
    const key = ecPrivateKey('prime256v1', pkcs8(parts))
    expect(key?.export({ format: 'jwk' })).toMatchObject({
      crv: 'P-256',
      d: scalar.toString('base64url'),
      x: point.toString('base64url', 1, 33),
      y: point.toString('base64url', 33),
    })
  })

  it('reads a private number without the zeros at its front', () => {
    const written = pkcs8({ scalar: Buffer.of(1) })
    const d = Buffer.concat([Buffer.alloc(31), Buffer.of(1)]).toString('base64url')
    expect(ecPrivateKey('prime256v1', written)?.export({ format: 'jwk' })).toMatchObject({ d })
  })

  it.each<[string, Partial<EcKeyParts>]>([
    ['the point at infinity as its public key', { publicKey: bits(Buffer.of(0)) }],
    ['the public key of another', { publicKey: bits(otherPoint) }],
    ['an empty public key', { publicKey: bits(Buffer.alloc(0)) }],
    ['a public key that is no bit string', { publicKey: octets(point) }],
    ['the private number 0', { scalar: Buffer.alloc(32) }],
    ['0 and the point at infinity', { scalar: Buffer.alloc(32), publicKey: bits(Buffer.of(0)) }],
    ['the order of the curve as its private number', { scalar: ORDER_OF_P256 }],
    ['a private number that is too long', { scalar: Buffer.concat([Buffer.of(0), scalar]) }],
    ['no private number', { scalar: Buffer.alloc(0) }],
    ['another curve', { curve: SECP256K1 }],
    ['another curve the second time', { parameters: SECP256K1 }],
    ['a curve by its parameters', { curve: explicitP256(point), publicKey: bits(point) }],
    ['parameters the second time', { parameters: explicitP256(otherPoint) }],
    ['another version', { version: integer(2) }],
    ['another version within', { keyVersion: integer(0) }],
  ])('refuses a key with %s', (_, parts) => {
    expect(ecPrivateKey('prime256v1', pkcs8(parts))).toBeUndefined()
  })

  it('refuses a key of another kind', () => {
    const { privateKey } = generateKeyPairSync('x25519')
    const written = privateKey.export({ format: 'der', type: 'pkcs8' })
    expect(ecPrivateKey('prime256v1', written)).toBeUndefined()
  })

  it('refuses a key that is cut short, and one with more behind it', () => {
    const written = pkcs8({ publicKey: bits(point) })
    expect(ecPrivateKey('prime256v1', Buffer.concat([written, Buffer.of(0)]))).toBeUndefined()
    for (let length = 0; length < written.length; length++) {
      expect(ecPrivateKey('prime256v1', written.subarray(0, length))).toBeUndefined()
    }
  })

  it('refuses each change of a byte in a key with its public key', () => {
    const written = pkcs8({ publicKey: bits(point) })
    for (const [at, byte] of written.entries()) {
      const changed = Buffer.from(written)
      changed.writeUInt8(byte ^ 1, at)
      expect(ecPrivateKey('prime256v1', changed)).toBeUndefined()
    }
  })
})

describe('rsaPrivateKey', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = privateKey.export({ format: 'jwk' })

  function changed(part: 'n' | 'e', change: (bytes: Buffer) => Buffer): Buffer {
    const bytes = change(Buffer.from(jwk[part] ?? '', 'base64url'))
    const key = { ...jwk, [part]: bytes.toString('base64url') }
    return createPrivateKey({ key, format: 'jwk' }).export({ format: 'der', type: 'pkcs8' })
  }

  it('reads a key of that length only', () => {
    const written = privateKey.export({ format: 'der', type: 'pkcs8' })
    expect(rsaPrivateKey(2048, written)?.equals(privateKey)).toBe(true)
    expect(rsaPrivateKey(3072, written)).toBeUndefined()
  })

  it.each([
    ['with an even modulus', changed('n', (n) => Buffer.concat([n.subarray(0, -1), Buffer.of(2)]))],
    ['with the exponent 1', changed('e', () => Buffer.of(1))],
    ['with the exponent of another', changed('e', () => Buffer.of(3))],
    ['that is on a curve, with its point at infinity', pkcs8({ publicKey: bits(Buffer.of(0)) })],
    ['that is nothing of the kind', Buffer.from('no key')],
  ])('refuses a key %s', (_, written) => {
    expect(rsaPrivateKey(2048, written)).toBeUndefined()
  })
})
