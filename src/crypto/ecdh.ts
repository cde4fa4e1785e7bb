import {
  KeyObject,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  timingSafeEqual,
} from 'node:crypto'
import { InvalidArgumentError } from '../errors.ts'
import type { EcdhCurveName } from './backend.ts'
import { type DerForm, tryForms } from './key-forms.ts'
import { type CompressedPoint, exportPoint, importPoint } from './node-point.ts'
import { compressedLength } from './point.ts'

/** An elliptic curve key: PEM (text or the bytes of a file), DER bytes, or a KeyObject. */
export type EcdhKey = string | Uint8Array | KeyObject

/** A public key that was validated: a point on its curve and not at infinity. */
export interface EcdhPublicKey extends CompressedPoint {
  readonly key: KeyObject
}

/** A private key, and the public key that belongs to it. */
export interface EcdhKeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: EcdhPublicKey
}

const publicForms: readonly DerForm[] = [
  (der) => createPublicKey({ key: der, format: 'der', type: 'spki' }),
]
const privateForms: readonly DerForm[] = [
  (der) => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
  (der) => createPrivateKey({ key: der, format: 'der', type: 'sec1' }),
]

/** Refuses what is not the name of a curve; SM2, which the specification allows too, is no NIST curve. */
export function checkEcdhCurve(curve: EcdhCurveName): EcdhCurveName {
  if (typeof curve === 'string' && Object.hasOwn(compressedLength, curve)) return curve
  const known = Object.keys(compressedLength).join(', ')
  throw new InvalidArgumentError('curve', `curve must be one of: ${known}`)
}

/**
 * The public key on `curve` that `key` holds; a private key is refused, never converted.
 *
 * This is the full validation of SP 800-56A, 5.6.2.3.3, but for its last step, which curves with a cofactor
 * of 1 pass always: only the point is taken from `key`, and OpenSSL solves the named curve's own equation
 * for it. So a key that describes a curve of its own by numbers does not get in.
 */
export function importEcdhPublicKey(
  key: EcdhKey,
  curve: EcdhCurveName,
  field: string,
): EcdhPublicKey {
  const isPrivate =
    key instanceof KeyObject
      ? key.type === 'private'
      : tryForms(key, privateForms, createPrivateKey) !== undefined
  if (isPrivate) {
    throw new InvalidArgumentError(field, `${field} must be a public key, not a private one`)
  }
  const imported = key instanceof KeyObject ? key : tryForms(key, publicForms, createPublicKey)
  const found = imported?.asymmetricKeyType === 'ec' ? exportPoint(imported) : undefined
  const publicKey = found && ecdhPublicKey(found)
  if (!publicKey) {
    throw new InvalidArgumentError(
      field,
      `${field} must be a valid public key on ${curve}: PEM or DER (SubjectPublicKeyInfo that names ` +
        'its curve), or a KeyObject; its point must be on the curve and not at infinity',
    )
  }
  checkSameCurve(publicKey, curve, field)
  return publicKey
}

/** The private key on `curve` that `key` holds, with its public key. */
export function importEcdhPrivateKey(
  key: EcdhKey,
  curve: EcdhCurveName,
  field: string,
): EcdhKeyPair {
  if (key instanceof KeyObject && key.type !== 'private') {
    throw new InvalidArgumentError(field, `${field} must be a private key, not a ${key.type} one`)
  }
  const privateKey = key instanceof KeyObject ? key : tryForms(key, privateForms, createPrivateKey)
  const publicKey = privateKey && publicKeyOf(privateKey)
  if (!privateKey || !publicKey) {
    throw new InvalidArgumentError(
      field,
      `${field} must be a private key on ${curve}: PEM or DER (PKCS #8 or SEC 1 that names its curve, ` +
        'not encrypted), or a KeyObject',
    )
  }
  checkSameCurve(publicKey, curve, field)
  const pair = { privateKey, publicKey }
  if (isConsistent(pair)) return pair
  throw new InvalidArgumentError(
    field,
    `${field} holds a private key and a public key that do not belong together`,
  )
}

function publicKeyOf(privateKey: KeyObject): EcdhPublicKey | undefined {
  if (privateKey.asymmetricKeyType !== 'ec') return undefined
  try {
    const found = exportPoint(createPublicKey(privateKey))
    return found && ecdhPublicKey(found)
  } catch {
    return undefined
  }
}

function checkSameCurve({ curve }: EcdhPublicKey, expected: EcdhCurveName, field: string): void {
  if (curve === expected) return
  throw new InvalidArgumentError(field, `${field} is a key on ${curve}, and curve is ${expected}`)
}

/**
 * PKCS #8 can carry the public key, which OpenSSL believes unchecked. With a wrong one every message would
 * name a key that cannot open it. The test of SP 800-56A, 5.6.2.1.4, by an agreement with a third key.
 */
function isConsistent({ privateKey, publicKey }: EcdhKeyPair): boolean {
  const third = generateEcdhKeyPair(publicKey.curve)
  try {
    const here = agreeOnSecret(privateKey, third.publicKey)
    const there = agreeOnSecret(third.privateKey, publicKey)
    const equal = timingSafeEqual(here, there)
    here.fill(0)
    there.fill(0)
    return equal
  } catch {
    return false // a private key of zero has no agreement with anyone
  }
}

/** The public key of a compressed point, or `undefined` if it is none on its curve. */
export function ecdhPublicKey({ curve, point }: CompressedPoint): EcdhPublicKey | undefined {
  try {
    return { curve, point, key: importPoint(curve, point) }
  } catch {
    return undefined
  }
}

/** A new key pair. Its private key is OpenSSL's, which overwrites it when the object is collected. */
export function generateEcdhKeyPair(curve: EcdhCurveName): EcdhKeyPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const publicKey = publicKeyOf(privateKey)
  if (!publicKey) throw new TypeError(`no public key for a new key on ${curve}`)
  return { privateKey, publicKey }
}

/**
 * What both sides of an agreement get: the x-coordinate of the common point, as long as the curve's field
 * (SP 800-56A, 5.7.1.2). The caller overwrites it.
 */
export function agreeOnSecret(privateKey: KeyObject, publicKey: EcdhPublicKey): Uint8Array {
  return diffieHellman({ privateKey, publicKey: publicKey.key })
}
