/** What KMS lets a key be used for, as far as LocalKms can do it. */
export const keyUsages = ['ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const
export type KeyUsage = (typeof keyUsages)[number]

export type EncryptionAlgorithm = 'SYMMETRIC_DEFAULT' | 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256'
type MacAlgorithm = 'HMAC_SHA_224' | 'HMAC_SHA_256' | 'HMAC_SHA_384' | 'HMAC_SHA_512'

interface Symmetric {
  readonly kind: 'symmetric'
  readonly usage: 'ENCRYPT_DECRYPT'
}

interface Rsa {
  readonly kind: 'rsa'
  readonly usage: 'ENCRYPT_DECRYPT'
  readonly modulusLength: number
}

/** OpenSSL's names. */
export type Curve = 'prime256v1' | 'secp384r1' | 'secp521r1'

interface Ecc {
  readonly kind: 'ecc'
  readonly usage: 'KEY_AGREEMENT'
  readonly curve: Curve
}

interface Hmac {
  readonly kind: 'hmac'
  readonly usage: 'GENERATE_VERIFY_MAC'
  readonly algorithm: MacAlgorithm
  readonly hash: string
  /** In bytes: of a key that KMS makes, and the least and the most of one that is imported. */
  readonly lengths: { readonly made: number; readonly min: number; readonly max: number }
}

type SpecFacts = Symmetric | Rsa | Ecc | Hmac

const specs = {
  SYMMETRIC_DEFAULT: { kind: 'symmetric', usage: 'ENCRYPT_DECRYPT' },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ecc('prime256v1'),
  ECC_NIST_P384: ecc('secp384r1'),
  ECC_NIST_P521: ecc('secp521r1'),
  HMAC_224: hmac('HMAC_SHA_224', 'sha224', { made: 28, min: 28, max: 64 }),
  HMAC_256: hmac('HMAC_SHA_256', 'sha256', { made: 32, min: 32, max: 64 }),
  HMAC_384: hmac('HMAC_SHA_384', 'sha384', { made: 48, min: 48, max: 128 }),
  HMAC_512: hmac('HMAC_SHA_512', 'sha512', { made: 64, min: 64, max: 128 }),
} as const satisfies Record<string, SpecFacts>

/** The specs that LocalKms can make. */
export type KeySpec = keyof typeof specs

export function isKeySpec(name: string): name is KeySpec {
  return Object.hasOwn(specs, name)
}

export function factsOf(spec: KeySpec): SpecFacts {
  return specs[spec]
}

export function isAsymmetric(spec: KeySpec): boolean {
  const { kind } = factsOf(spec)
  return kind === 'rsa' || kind === 'ecc'
}

export function encryptionAlgorithmsOf(spec: KeySpec): readonly EncryptionAlgorithm[] {
  const { kind } = factsOf(spec)
  if (kind === 'symmetric') return ['SYMMETRIC_DEFAULT']
  return kind === 'rsa' ? ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] : []
}

function rsa(modulusLength: number): Rsa {
  return { kind: 'rsa', usage: 'ENCRYPT_DECRYPT', modulusLength }
}

function ecc(curve: Curve): Ecc {
  return { kind: 'ecc', usage: 'KEY_AGREEMENT', curve }
}

function hmac(algorithm: MacAlgorithm, hash: string, lengths: Hmac['lengths']): Hmac {
  return { kind: 'hmac', usage: 'GENERATE_VERIFY_MAC', algorithm, hash, lengths }
}
