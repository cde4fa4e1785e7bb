import type { HashName, SigningKey } from '../crypto/backend.ts'
import { EnvelopeError } from '../errors.ts'
import { concat } from '../format/bytes.ts'

/** Bytes of an item's signature, in DER: a P-384 signature of which exactly one integer begins with a zero. */
export const signatureLength = 103

/** One signature in 256 takes a second attempt, so a hundred are never taken. */
const mostAttempts = 100
/** The order of P-384 (SEC 2, 2.5.1). */
const order = BigInt(
  '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
)

/**
 * A signature of the length that the footer has room for. An integer of 384 bits takes one byte more in DER if
 * its highest bit is set, so half of all signatures fit at once. Of the others nearly all do once s is
 * replaced by order − s, which signs as well and has the other highest bit. To sign again is
 * for the few in which an integer begins with a byte of zeros.
 */
export function signFixedLength(key: SigningKey, hash: HashName, message: Uint8Array): Uint8Array {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const signer = key.createSigner(hash)
    signer.update(message)
    const signature = signer.sign()
    if (signature.length === signatureLength) return signature
    const other = withOtherS(signature)
    if (other.length === signatureLength) return other
  }
  throw new EnvelopeError(
    'ERR_NO_DATA_KEY',
    `The signing key of the materials made no signature of ${signatureLength} bytes in ` +
      `${mostAttempts} attempts: it is not one on P-384, or does not sign in DER`,
  )
}

/** The same signature with the other one of the two s that verify: 0x30, length, 2, length, r, 2, length, s. */
function withOtherS(signature: Uint8Array): Uint8Array {
  const endOfR = 4 + (signature[3] ?? 0)
  const s = BigInt(`0x0${Buffer.from(signature.subarray(endOfR + 2)).toString('hex')}`)
  const digits = (order - s).toString(16)
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  const padded = (bytes[0] ?? 0) < 0x80 ? bytes : concat(Uint8Array.of(0), bytes)
  const r = signature.subarray(2, endOfR)
  return concat(
    Uint8Array.of(0x30, r.length + 2 + padded.length),
    r,
    Uint8Array.of(2, padded.length),
    padded,
  )
}
