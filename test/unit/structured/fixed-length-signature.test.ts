import { describe, expect, it } from 'vitest'
import { type CryptoBackend, nodeBackend } from '../../../src/index.ts'
import type { SigningKey } from '../../../src/crypto/backend.ts'
import { nobleBackend } from '../../../src/noble.ts'
import { signFixedLength } from '../../../src/structured/fixed-length-signature.ts'
import { failure } from '../../support/materials.ts'

const message = Buffer.from('a canonical hash')

function verifies(backend: CryptoBackend, key: SigningKey, signature: Uint8Array): boolean {
  const verifier = backend.createVerifier('P-384', 'sha384', key.publicKey)
  verifier.update(message)
  return verifier.verify(signature)
}

/** A key whose signatures are what it is told, or those of `inner`, which it counts by length. */
function keyOf(inner: SigningKey, take: (signature: Uint8Array) => boolean) {
  const lengths: number[] = []
  const key: SigningKey = {
    publicKey: inner.publicKey,
    createSigner() {
      let signature: Uint8Array
      do {
        const signer = inner.createSigner('sha384')
        signer.update(message)
        signature = signer.sign()
      } while (!take(signature))
      lengths.push(signature.length)
      return { update: () => undefined, sign: () => signature }
    },
  }
  return { key, lengths }
}

describe.each([nodeBackend, nobleBackend])('$name', (backend) => {
  const inner = backend.generateSigningKey('P-384')

  it.each([102, 103, 104])('makes 103 bytes of a signature of %i at once', (length) => {
    // Of 48 or 49 bytes each; r and s of which one is shorter are below.
    const whole = (signature: Uint8Array) =>
      signature.length === length && (signature[3] ?? 0) >= 48 && lengthOfS(signature) >= 48
    const { key, lengths } = keyOf(inner, whole)
    for (let i = 0; i < 3; i++) {
      const signature = signFixedLength(key, 'sha384', message)
      expect(signature).toHaveLength(103)
      for (const other of [nodeBackend, nobleBackend]) {
        expect(verifies(other, inner, signature)).toBe(true)
      }
    }
    expect(lengths).toEqual([length, length, length])
  })
})

function lengthOfS(signature: Uint8Array): number {
  return signature[5 + (signature[3] ?? 0)] ?? 0
}

/** A signature of an r and an s of so many bytes, which nothing verifies. */
function signatureOf(r: number, s: number): Uint8Array {
  const integer = (length: number) => [
    2,
    length,
    ...(length > 48 ? [0, 0x80] : [0x01]),
    ...new Array<number>(length - (length > 48 ? 2 : 1)).fill(0x55),
  ]
  const both = [...integer(r), ...integer(s)]
  return Uint8Array.of(0x30, both.length, ...both)
}

function scripted(...signatures: Uint8Array[]) {
  let made = 0
  const key: SigningKey = {
    publicKey: new Uint8Array(49),
    createSigner: () => ({
      update: () => undefined,
      sign: () => signatures[made++ % signatures.length] ?? new Uint8Array(),
    }),
  }
  return { key, made: () => made }
}

it.each([
  [49, 48, 1],
  [48, 49, 1],
  [49, 49, 1], // the other s is short
  [48, 48, 1], // the other s is long
  [48, 47, 1],
  [48, 1, 1],
  [47, 48, 2],
  [47, 49, 2],
  [49, 47, 2],
  [1, 1, 2],
])('with r of %i and s of %i bytes it takes %i', (r, s, expected) => {
  const { key, made } = scripted(signatureOf(r, s), signatureOf(48, 49))
  expect(signFixedLength(key, 'sha384', message)).toHaveLength(103)
  expect(made()).toBe(expected)
})

it.each([
  ['of another curve', signatureOf(32, 33)],
  ['no DER', Buffer.alloc(96, 1)],
  ['nothing', new Uint8Array(0)],
])('gives up on a key that signs with what is %s', async (_, signature) => {
  const { key } = scripted(signature)
  expect(await failure(() => signFixedLength(key, 'sha384', message))).toMatchObject({
    code: 'ERR_NO_DATA_KEY',
  })
})
