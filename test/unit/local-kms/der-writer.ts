/* Keys in DER as no program would write them. */

/** An element of DER. */
function element(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const lengths = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, 0, 0]
  const head = Buffer.from([tag, ...lengths])
  if (length >= 0x100) head.writeUInt16BE(length, 2)
  return Buffer.concat([head, content])
}

export const integer = (...bytes: number[]) => element(0x02, Buffer.from(bytes))
export const octets = (bytes: Uint8Array) => element(0x04, bytes)
export const bits = (bytes: Uint8Array) => element(0x03, Buffer.of(0), bytes)
export const sequence = (...parts: Uint8Array[]) => element(0x30, ...parts)

const EC = Buffer.from('06072a8648ce3d0201', 'hex')
export const P256 = Buffer.from('06082a8648ce3d030107', 'hex')
export const SECP256K1 = Buffer.from('06052b8104000a', 'hex')
export const ORDER_OF_P256 = Buffer.from(
  'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  'hex',
)

/** The curve P-256 by its parameters (SEC 1, appendix C.2), with any point as its generator. */
export function explicitP256(generator: Uint8Array): Buffer {
  const prime = Buffer.from(
    'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
    'hex',
  )
  const a = Buffer.from(prime)
  a.writeUInt8(0xfc, 31)
  const b = Buffer.from('5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b', 'hex')
  return sequence(
    integer(1),
    sequence(Buffer.from('06072a8648ce3d0101', 'hex'), integer(0, ...prime)),
    sequence(octets(a), octets(b)),
    octets(generator),
    integer(0, ...ORDER_OF_P256),
    integer(1),
  )
}

export interface EcKeyParts {
  scalar: Uint8Array
  version?: Buffer
  curve?: Buffer
  keyVersion?: Buffer
  parameters?: Buffer
  publicKey?: Buffer
  attributes?: Buffer
}

/** A private key on P-256, as PKCS #8, unless the parts say something else. */
export function writtenEcKey(parts: EcKeyParts): Buffer {
  const none = Buffer.alloc(0)
  return sequence(
    parts.version ?? integer(0),
    sequence(EC, parts.curve ?? P256),
    octets(
      sequence(
        parts.keyVersion ?? integer(1),
        octets(parts.scalar),
        parts.parameters ? element(0xa0, parts.parameters) : none,
        parts.publicKey ? element(0xa1, parts.publicKey) : none,
      ),
    ),
    parts.attributes ? element(0xa0, parts.attributes) : none,
  )
}

/** A public key as a SubjectPublicKeyInfo. */
export function writtenPublicKey(curve: Buffer, point: Uint8Array): Buffer {
  return sequence(sequence(EC, curve), bits(point))
}
