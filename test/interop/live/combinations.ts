import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { RsaPadding } from '../../../src/index.ts'
import type { Curve, KeyringSpec } from '../../support/keyring-spec.ts'

/** A keyring that writes and one that reads, in both directions between waxseal and a peer. */
export interface Combination {
  readonly name: string
  readonly writes: KeyringSpec
  readonly reads: KeyringSpec
  /** Which pairs of the encryption context the message does not store, and its reader has to give. */
  readonly requires?: 'one pair' | 'all pairs'
}

const paddings: readonly RsaPadding[] = [
  'pkcs1',
  'oaep-sha1',
  'oaep-sha256',
  'oaep-sha384',
  'oaep-sha512',
]
export const curves: readonly Curve[] = ['P-256', 'P-384', 'P-521']
const names = { keyNamespace: 'interop', keyName: 'key ü \u{1f511}' }

/** The keyrings that need no KMS, with fresh keys. */
export function rawCombinations(): Combination[] {
  const aes = ([128, 192, 256] as const).map((bits) => same(`raw AES-${bits}`, rawAes(bits)))
  const rsa = paddings.map((padding) => rawRsa(padding))
  return [...aes, ...rsa, ...multi(), ...curves.flatMap(rawEcdh)]
}

/** One keyring that does both. */
export function same(name: string, keyring: KeyringSpec): Combination {
  return { name, writes: keyring, reads: keyring }
}

function rawAes(bits: 128 | 192 | 256): KeyringSpec {
  return { type: 'raw-aes', ...names, wrappingKey: randomBytes(bits / 8).toString('base64') }
}

/** Who writes has the public key only. */
function rawRsa(padding: RsaPadding): Combination {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const shared = { type: 'raw-rsa', ...names, padding } as const
  return {
    name: `raw RSA ${padding}`,
    writes: { ...shared, publicKey },
    reads: { ...shared, privateKey },
  }
}

/** Three raw keys, of which two have the same name: one of them fails, and the next is tried. */
function multi(): Combination[] {
  const generator = rawAes(256)
  const rsa = rawRsa('oaep-sha256')
  const lastChild = rawAes(128)
  const writes: KeyringSpec = { type: 'multi', generator, children: [rsa.writes, lastChild] }
  return [
    {
      name: 'multi',
      writes,
      reads: { type: 'multi', generator, children: [rsa.reads, lastChild] },
    },
    { name: 'multi, read by its generator', writes, reads: generator },
    { name: 'multi, read by its first child', writes, reads: rsa.reads },
    { name: 'multi, read by its last child', writes, reads: lastChild },
  ]
}

/** Each schema that writes, read by who has the recipient's private key and by the sender. */
function rawEcdh(curve: Curve): Combination[] {
  const sender = ecKeyPair(curve)
  const recipient = ecKeyPair(curve)
  const shared = { type: 'raw-ecdh', curve } as const
  const discovery: KeyringSpec = {
    ...shared,
    schema: 'discovery',
    recipientPrivateKey: recipient.privateKey,
  }
  const fixed: KeyringSpec = {
    ...shared,
    schema: 'static',
    senderPrivateKey: sender.privateKey,
    recipientPublicKey: recipient.publicKey,
  }
  const mirrored: KeyringSpec = {
    ...shared,
    schema: 'static',
    senderPrivateKey: recipient.privateKey,
    recipientPublicKey: sender.publicKey,
  }
  const ephemeral: KeyringSpec = {
    ...shared,
    schema: 'ephemeral',
    recipientPublicKey: recipient.publicKey,
  }
  const name = `raw ECDH ${curve}`
  return [
    same(`${name} static, read by the sender`, fixed),
    { name: `${name} static, read by the recipient`, writes: fixed, reads: mirrored },
    { name: `${name} static, read by discovery`, writes: fixed, reads: discovery },
    { name: `${name} ephemeral, read by discovery`, writes: ephemeral, reads: discovery },
  ]
}

/** The public key as base64 of SPKI DER, the private one as PEM. */
export function ecKeyPair(curve: Curve): { publicKey: string; privateKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: curve,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { publicKey: publicKey.toString('base64'), privateKey }
}
