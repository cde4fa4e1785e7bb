import {
  constants,
  createECDH,
  createPrivateKey,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  type ECDH,
  type KeyObject,
} from 'node:crypto'
import {
  BIT_STRING,
  CONTEXT_0,
  CONTEXT_1,
  derContent,
  derElements,
  OCTET_STRING,
  SEQUENCE,
} from './der.ts'
import type { Curve } from './key-specs.ts'

/*
 * Private keys that others have made, as PKCS #8 in DER. OpenSSL reads what is no key, too: it asks
 * neither whether a public key is that of its private key, nor whether an RSA key can work.
 */

interface CurveFacts {
  /** The object identifier in DER. */
  readonly identifier: string
  readonly jwkName: string
  readonly scalarLength: number
}

const curves: Readonly<Record<Curve, CurveFacts>> = {
  prime256v1: { identifier: '06082a8648ce3d030107', jwkName: 'P-256', scalarLength: 32 },
  secp384r1: { identifier: '06052b81040022', jwkName: 'P-384', scalarLength: 48 },
  secp521r1: { identifier: '06052b81040023', jwkName: 'P-521', scalarLength: 66 },
}

/** The object identifier id-ecPublicKey, RFC 5480, section 2.1.1. */
const EC_PUBLIC_KEY = Buffer.from('06072a8648ce3d0201', 'hex')

const VERSION_0 = Buffer.from('020100', 'hex')
const VERSION_1 = Buffer.from('020101', 'hex')
const NO_UNUSED_BITS = Buffer.of(0)

/**
 * A key on that curve, or undefined where the bytes are none. OpenSSL gets nothing of them but the
 * private number: Node ends the whole process when it is asked about a key whose public half is the
 * point at infinity, and gives a curve by its name whose parameters are the caller's own.
 */
export function ecPrivateKey(curve: Curve, pkcs8: Buffer): KeyObject | undefined {
  const { identifier, jwkName: crv, scalarLength } = curves[curve]
  const given = readEcPrivateKey(pkcs8, Buffer.from(identifier, 'hex'))
  if (!given || given.scalar.length > scalarLength) return undefined
  const ecdh = ecdhOf(curve, given.scalar)
  if (!ecdh || (given.publicKey && !isPublicKeyOf(ecdh, given.publicKey))) return undefined
  const point = ecdh.getPublicKey()
  const x = point.toString('base64url', 1, 1 + scalarLength)
  const y = point.toString('base64url', 1 + scalarLength)
  // Some programs leave the zeros out with which it begins.
  const padding = Buffer.alloc(scalarLength - given.scalar.length)
  const d = Buffer.concat([padding, given.scalar]).toString('base64url')
  return createPrivateKey({ format: 'jwk', key: { kty: 'EC', crv, d, x, y } })
}

/** A key of that length that decrypts what it has encrypted, or undefined where the bytes are none. */
export function rsaPrivateKey(modulusLength: number, pkcs8: Buffer): KeyObject | undefined {
  try {
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    // No other kind of key may be asked for its details: see ecPrivateKey.
    if (key.asymmetricKeyType !== 'rsa') return undefined
    const { modulusLength: length, publicExponent } = key.asymmetricKeyDetails ?? {}
    // The exponent 1 leaves what it encrypts as it is.
    const isOfSpec = length === modulusLength && publicExponent !== undefined && publicExponent > 1n
    return isOfSpec && decryptsItsOwn(key) ? key : undefined
  } catch {
    return undefined
  }
}

/** RFC 5958, section 2, and in it RFC 5915, section 3. */
function readEcPrivateKey(
  pkcs8: Buffer,
  curve: Buffer,
): { scalar: Buffer; publicKey: Buffer | undefined } | undefined {
  const [version, algorithm, key, ...attributes] = derElements(derContent(SEQUENCE, pkcs8))
  if (!version?.encoded.equals(VERSION_0)) return undefined
  if (algorithm?.tag !== SEQUENCE) return undefined
  if (!algorithm.content.equals(Buffer.concat([EC_PUBLIC_KEY, curve]))) return undefined
  if (key?.tag !== OCTET_STRING) return undefined
  if (attributes.some(({ tag }) => tag !== CONTEXT_0)) return undefined

  const [keyVersion, scalar, ...optional] = derElements(derContent(SEQUENCE, key.content))
  if (!keyVersion?.encoded.equals(VERSION_1)) return undefined
  if (scalar?.tag !== OCTET_STRING) return undefined
  let publicKey: Buffer | undefined
  for (const { tag, content } of optional) {
    if (tag === CONTEXT_1) publicKey = derContent(BIT_STRING, content)
    else if (tag !== CONTEXT_0 || !content.equals(curve)) return undefined
  }
  return { scalar: scalar.content, publicKey }
}

function ecdhOf(curve: Curve, scalar: Buffer): ECDH | undefined {
  const ecdh = createECDH(curve)
  try {
    ecdh.setPrivateKey(scalar)
    return ecdh
  } catch {
    // 0, or not below the order of the curve.
    return undefined
  }
}

function isPublicKeyOf(ecdh: ECDH, bitString: Buffer): boolean {
  const points = [ecdh.getPublicKey(null, 'uncompressed'), ecdh.getPublicKey(null, 'compressed')]
  return points.some((point) => Buffer.concat([NO_UNUSED_BITS, point]).equals(bitString))
}

/** Throws, or is false, for what only looks like an RSA key. */
function decryptsItsOwn(key: KeyObject): boolean {
  const oaep = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  const message = randomBytes(32)
  return privateDecrypt(oaep, publicEncrypt(oaep, message)).equals(message)
}
