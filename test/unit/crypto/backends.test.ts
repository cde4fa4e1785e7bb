import { ECDH, createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type CryptoBackend,
  EnvelopeClient,
  RawAesKeyring,
  algorithmSuites,
  nodeBackend,
} from '../../../src/index.ts'
import { nobleBackend } from '../../../src/noble.ts'

const pairs: [string, CryptoBackend, CryptoBackend][] = [
  ['node to node', nodeBackend, nodeBackend],
  ['node to noble', nodeBackend, nobleBackend],
  ['noble to node', nobleBackend, nodeBackend],
  ['noble to noble', nobleBackend, nobleBackend],
]
const backends = [nodeBackend, nobleBackend]
const curves = [
  { curve: 'P-256', hash: 'sha256', size: 32, openssl: 'prime256v1' },
  { curve: 'P-384', hash: 'sha384', size: 48, openssl: 'secp384r1' },
] as const
const bytes = (length: number, first = 0) =>
  Uint8Array.from({ length }, (_, index) => (first + 11 * index) % 256)

describe('HMAC', () => {
  const hashes = ['sha256', 'sha384', 'sha512'] as const
  it.each(hashes)('is the same on both: %s', (hash) => {
    for (const keyLength of [0, 1, 32, 64, 127, 128, 129, 200]) {
      for (const length of [0, 1, 111, 112, 128, 1000]) {
        const [key, message] = [bytes(keyLength), bytes(length, 5)]
        const expected = createHmac(hash, key).update(message).digest('hex')
        for (const backend of backends) {
          const digest = Buffer.from(backend.hmac(hash, key, message)).toString('hex')
          expect(digest, `${backend.name}, key ${keyLength}, message ${length}`).toBe(expected)
        }
      }
    }
  })

  // RFC 4231, test case 2.
  it.each(backends)('is that of the RFC: $name', (backend) => {
    const digest = backend.hmac(
      'sha256',
      Buffer.from('Jefe'),
      Buffer.from('what do ya want for nothing?'),
    )
    expect(Buffer.from(digest).toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })
})

describe('hashes and the key stream', () => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('hash the same on both: %s', (name) => {
    for (const length of [0, 1, 111, 112, 128, 1000]) {
      const message = bytes(length, 5)
      const expected = createHash(name).update(message).digest('hex')
      for (const backend of backends) {
        expect(Buffer.from(backend.digest(name, message)).toString('hex')).toBe(expected)
      }
    }
  })

  // NIST SP 800-38A, F.5.5: what is encrypted there, exclusive-ored with what comes of it.
  it.each(backends)('make the stream of the standard: $name', (backend) => {
    const key = Buffer.from(
      '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
      'hex',
    )
    const counter = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex')
    const stream = Buffer.from(backend.keystream(key, counter, 32)).toString('hex')
    expect(stream).toBe('0bdf7df1591716335e9a8b15c860c5025a6e699d536119065433863c8f657b94')
  })

  it.each(backends)('carry through the whole counter: $name', (backend) => {
    const key = bytes(32)
    const last = backend.keystream(key, Buffer.alloc(16, 0xff), 32).subarray(16)
    expect(Buffer.from(last)).toEqual(Buffer.from(backend.keystream(key, Buffer.alloc(16), 16)))
    expect(backend.keystream(key, Buffer.alloc(16), 0)).toHaveLength(0)
  })

  it('signatures of @noble of the same message differ, so that one of a certain length can be had', () => {
    const key = nobleBackend.generateSigningKey('P-384')
    const sign = () => {
      const signer = key.createSigner('sha384')
      signer.update(bytes(48))
      return Buffer.from(signer.sign()).toString('hex')
    }
    expect(sign()).not.toBe(sign())
  })
})

describe('AES-GCM', () => {
  const nonce = bytes(12, 3)
  const aad = bytes(70, 1)
  const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

  /** The ciphertext and the tag, with the plaintext passed in pieces of that length. */
  const seal = (backend: CryptoBackend, key: Uint8Array, plaintext: Uint8Array, piece: number) => {
    const encryption = backend.encryptGcm(key, nonce, aad)
    const parts: Uint8Array[] = []
    for (let at = 0; at < plaintext.length; at += piece) {
      parts.push(new Uint8Array(encryption.update(plaintext.subarray(at, at + piece))))
    }
    return join(...parts, encryption.finish())
  }
  /** The plaintext, or `undefined` if the tag is wrong. */
  const open = (
    backend: CryptoBackend,
    key: Uint8Array,
    sealed: Uint8Array,
    { n = nonce, a = aad } = {},
  ) => {
    const decryption = backend.decryptGcm(key, n, a)
    const start = decryption.update(sealed.subarray(0, -16))
    const rest = decryption.finish(sealed.subarray(-16))
    return rest && join(start, rest)
  }

  for (const [name, writer, reader] of pairs) {
    it.each([16, 24, 32])(`opens what was sealed: ${name}, %i-byte key`, (keyLength) => {
      const key = bytes(keyLength, 7)
      for (const length of [0, 1, 15, 16, 17, 1000]) {
        const plaintext = bytes(length)
        const sealed = seal(writer, key, plaintext, 100)
        expect(sealed).toHaveLength(length + 16)
        expect(open(reader, key, sealed)).toEqual(plaintext)
      }
    })
  }

  it.each(backends)('seals the same in one piece and in several: $name', (backend) => {
    const whole = seal(backend, bytes(32), bytes(1000), 1000)
    for (const piece of [1, 16, 999]) {
      expect(seal(backend, bytes(32), bytes(1000), piece)).toEqual(whole)
    }
  })

  it('seals the same on both', () => {
    expect(seal(nobleBackend, bytes(32), bytes(100), 7)).toEqual(
      seal(nodeBackend, bytes(32), bytes(100), 7),
    )
  })

  it.each(backends)('opens nothing with any bit changed: $name', (backend) => {
    const sealed = seal(nodeBackend, bytes(32), bytes(20), 20)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = new Uint8Array(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(open(backend, bytes(32), changed), `bit ${bit}`).toBeUndefined()
    }
  })

  it.each(backends)('opens nothing under another key, nonce or AAD: $name', (backend) => {
    const sealed = seal(nodeBackend, bytes(32), bytes(20), 20)
    expect(open(backend, bytes(32, 1), sealed)).toBeUndefined()
    expect(open(backend, bytes(32), sealed, { n: bytes(12, 4) })).toBeUndefined()
    expect(open(backend, bytes(32), sealed, { a: bytes(69, 1) })).toBeUndefined()
  })

  it.each(backends)('opens nothing under a tag that is cut short: $name', (backend) => {
    const sealed = seal(nodeBackend, bytes(32), bytes(20), 20)
    for (const length of [0, 4, 8, 12, 15]) {
      const decryption = backend.decryptGcm(bytes(32), nonce, aad)
      decryption.update(sealed.subarray(0, 20))
      const tag = sealed.subarray(20, 20 + length)
      let rest: Uint8Array | undefined
      try {
        rest = decryption.finish(tag)
      } catch {
        rest = undefined // as good
      }
      expect(rest, `${length} bytes`).toBeUndefined()
    }
  })

  it.each(backends)('keeps nothing of a buffer that its owner reuses: $name', (backend) => {
    const sealed = seal(nodeBackend, bytes(32), bytes(20), 20)
    const buffer = sealed.slice(0, 20)
    const decryption = backend.decryptGcm(bytes(32), nonce, aad)
    const start = decryption.update(buffer).slice()
    buffer.fill(0)
    const rest = decryption.finish(sealed.subarray(20))
    expect(rest && join(start, rest)).toEqual(bytes(20))
  })
})

describe('ECDSA', () => {
  const message = bytes(1000)

  for (const { curve, hash, size } of curves) {
    for (const [name, signer, verifier] of pairs) {
      const sign = () => {
        const key = signer.generateSigningKey(curve)
        const signing = key.createSigner(hash)
        signing.update(message.subarray(0, 300))
        signing.update(message.subarray(300))
        return { publicKey: key.publicKey, signature: new Uint8Array(signing.sign()) }
      }
      const verify = (publicKey: Uint8Array, signature: Uint8Array, signed = message) => {
        const verification = verifier.createVerifier(curve, hash, publicKey)
        verification.update(signed.subarray(0, 7))
        verification.update(signed.subarray(7))
        return verification.verify(signature)
      }

      it(`verifies what was signed: ${curve}, ${name}`, () => {
        // Ten times: each second key has an odd y, each second signature a high s or a longer DER.
        for (let i = 0; i < 10; i++) {
          const { publicKey, signature } = sign()
          expect(publicKey).toHaveLength(1 + size)
          expect(verify(publicKey, signature)).toBe(true)
        }
      })

      it(`verifies nothing else: ${curve}, ${name}`, () => {
        const { publicKey, signature } = sign()
        const changed = new Uint8Array(signature)
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
        expect(verify(publicKey, changed), 'another signature').toBe(false)
        expect(verify(publicKey, signature, bytes(999)), 'another message').toBe(false)
        expect(verify(sign().publicKey, signature), 'another key').toBe(false)
        const negated = new Uint8Array(publicKey)
        negated[0] = (negated[0] ?? 0) ^ 1
        expect(verify(negated, signature), 'the point with the other y').toBe(false)
      })

      it(`takes no signature that is not DER: ${curve}, ${name}`, () => {
        const { publicKey, signature } = sign()
        const wrong: [string, Uint8Array][] = [
          ['no bytes', new Uint8Array(0)],
          ['cut short', signature.subarray(0, -1)],
          ['too long', new Uint8Array([...signature, 0])],
          ['raw r and s', bytes(2 * size, 1)],
          ['zeros', new Uint8Array(2 * size)],
          ['r and s of zero', Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0)],
        ]
        for (const [what, each] of wrong) expect(verify(publicKey, each), what).toBe(false)
      })
    }

    const good = nodeBackend.generateSigningKey(curve).publicKey
    const uncompressed = new Uint8Array(
      ECDH.convertKey(good, curves.find((each) => each.curve === curve)?.openssl ?? '') as Buffer,
    )
    const wrongSize = curve === 'P-256' ? 48 : 32
    const badPoints: [string, Uint8Array][] = [
      ['no bytes', new Uint8Array(0)],
      ['the point at infinity', Uint8Array.of(0)],
      ['x alone', good.subarray(1)],
      ['an unknown form', Uint8Array.of(5, ...good.subarray(1))],
      ['a byte too few', good.subarray(0, -1)],
      ['a byte too many', Uint8Array.of(...good, 0)],
      ['an x over the prime', Uint8Array.of(2, ...new Uint8Array(size).fill(0xff))],
      ['an x that is not on the curve', offCurve(curve)],
      ['the length of the other curve', Uint8Array.of(2, ...bytes(wrongSize, 1))],
      ['the uncompressed form', uncompressed],
    ]
    for (const backend of backends) {
      it.each(badPoints)(`refuses a bad point: ${curve}, ${backend.name}, %s`, (_, point) => {
        expect(() => backend.createVerifier(curve, hash, point)).toThrow()
      })
    }
  }

  /** The first small x that no point of the curve has. */
  function offCurve(curve: 'P-256' | 'P-384'): Uint8Array {
    const { size, openssl } = curve === 'P-256' ? curves[0] : curves[1]
    for (let x = 1; ; x++) {
      const point = new Uint8Array(1 + size)
      point.set([2])
      point.set([x], size)
      try {
        ECDH.convertKey(point, openssl)
      } catch {
        return point
      }
    }
  }
})

describe('random bytes and comparison', () => {
  it.each(backends)('are as long as asked for, and new each time: $name', (backend) => {
    const lengths = [0, 1, 12, 32]
    expect(lengths.map((length) => backend.randomBytes(length).length)).toEqual(lengths)
    expect(Buffer.from(backend.randomBytes(32)).equals(backend.randomBytes(32))).toBe(false)
  })

  it.each(backends)('compares: $name', (backend) => {
    const equal = (a: Uint8Array, b: Uint8Array) => backend.equalInConstantTime(a, b)
    expect(equal(bytes(32), bytes(32))).toBe(true)
    expect(equal(bytes(32), bytes(31))).toBe(false)
    for (let at = 0; at < 32; at++) {
      const other = bytes(32)
      other[at] = (other[at] ?? 0) ^ 0x80
      expect(equal(bytes(32), other), `byte ${at}`).toBe(false)
    }
    expect(equal(bytes(0), bytes(0))).toBe(true)
  })
})

describe('messages', () => {
  const suites = Object.values(algorithmSuites)
  const plaintext = bytes(100)
  const encryptionContext = { tenant: 'acme', '\u{1f511}': '\ue000' }

  for (const [name, writer, reader] of pairs) {
    const client = (backend: CryptoBackend, commitment: boolean) =>
      new EnvelopeClient({
        keyring: new RawAesKeyring({
          keyNamespace: 'test',
          keyName: 'key',
          wrappingKey: bytes(32),
          backend,
        }),
        commitmentPolicy: commitment
          ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
          : 'FORBID_ENCRYPT_ALLOW_DECRYPT',
        frameLength: 32,
        backend,
      })

    it.each(suites)(`${name}: $name`, async (suite) => {
      const { ciphertext } = await client(writer, suite.commitment).encrypt(plaintext, {
        algorithmSuite: suite.name,
        encryptionContext,
      })
      const opened = await client(reader, suite.commitment).decrypt(ciphertext, {
        encryptionContext,
      })
      expect(new Uint8Array(opened.plaintext)).toEqual(plaintext)
    })
  }
})
