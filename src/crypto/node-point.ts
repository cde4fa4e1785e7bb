import { ECDH, type KeyObject, createPublicKey } from 'node:crypto'
import type { EcdhCurveName } from './backend.ts'
import { checkCompressed, compressPoint, compressedLength } from './point.ts'

/** A curve's name in OpenSSL, and what precedes a point in a SubjectPublicKeyInfo (RFC 5480). */
interface CurveForms {
  readonly openssl: string
  readonly compressed: Buffer
  readonly uncompressed: Buffer
}

const forms: Readonly<Record<EcdhCurveName, CurveForms>> = {
  'P-256': {
    openssl: 'prime256v1',
    compressed: Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
    uncompressed: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
  },
  'P-384': {
    openssl: 'secp384r1',
    compressed: Buffer.from('3046301006072a8648ce3d020106052b81040022033200', 'hex'),
    uncompressed: Buffer.from('3076301006072a8648ce3d020106052b81040022036200', 'hex'),
  },
  'P-521': {
    openssl: 'secp521r1',
    compressed: Buffer.from('3058301006072a8648ce3d020106052b81040023034400', 'hex'),
    uncompressed: Buffer.from('30819b301006072a8648ce3d020106052b8104002303818600', 'hex'),
  },
}
const curves = Object.keys(forms) as EcdhCurveName[]

/**
 * A compressed point as a key of node:crypto. Throws for a point that is not on the curve: OpenSSL has to
 * solve its equation for y. The point at infinity has no compressed form.
 */
export function importPoint(curve: EcdhCurveName, compressed: Uint8Array): KeyObject {
  checkCompressed(curve, compressed)
  // A third of the time that a JWK takes, whose y would first have to be computed.
  const der = Buffer.concat([forms[curve].compressed, compressed])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

/** A point on a curve, in compressed form. */
export interface CompressedPoint {
  readonly curve: EcdhCurveName
  readonly point: Uint8Array
}

/**
 * The point of a public key; `undefined` if it is none on these curves, is at infinity, or describes its
 * curve by numbers instead of by name.
 */
export function exportPoint(publicKey: KeyObject): CompressedPoint | undefined {
  let der: Uint8Array
  try {
    // Nothing else may be asked of a key that nobody has checked: with the point at infinity Node 20's
    // `asymmetricKeyDetails` and its export as a JWK end the whole process by a failed assertion.
    der = publicKey.export({ format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
  for (const curve of curves) {
    const { compressed, uncompressed } = forms[curve]
    const length = compressedLength[curve]
    const short = behind(der, compressed, length)
    if (short) return { curve, point: short }
    const long = behind(der, uncompressed, 2 * length - 1)
    if (long?.[0] === 4) {
      return { curve, point: compressPoint(long.subarray(1, length), long.subarray(length)) }
    }
  }
  return undefined
}

function behind(der: Uint8Array, prefix: Buffer, length: number): Uint8Array | undefined {
  if (der.length !== prefix.length + length) return undefined
  return prefix.equals(der.subarray(0, prefix.length)) ? der.subarray(prefix.length) : undefined
}

/** The point as a DER SubjectPublicKeyInfo, uncompressed as everyone writes it. */
export function pointAsSpki({ curve, point }: CompressedPoint): Uint8Array {
  const { openssl, uncompressed } = forms[curve]
  const long = ECDH.convertKey(point, openssl, undefined, 'hex', 'uncompressed').toString()
  return Buffer.concat([uncompressed, Buffer.from(long, 'hex')])
}
