import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  AlgorithmSuiteIdentifier,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
  buildClient,
} from '@aws-crypto/client-node'
import { type AlgorithmSuiteName, EnvelopeClient, RawAesKeyring } from 'waxseal'

const wrappingKey = new Uint8Array(32).fill(9)
const key = { keyNamespace: 'bench', keyName: 'key' }

/** One side of a comparison. */
export interface Contestant {
  encrypt(plaintext: Uint8Array, suite: Suite, frameLength: number): Promise<Uint8Array>
  decrypt(ciphertext: Uint8Array): Promise<unknown>
  encryptStream(source: Iterable<Uint8Array>, suite: Suite, frameLength: number): Promise<void>
  decryptStream(source: Iterable<Uint8Array>): Promise<void>
}

export type Suite = 'unsigned' | 'signed'

export const ourSuites: Record<Suite, AlgorithmSuiteName> = {
  unsigned: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
  signed: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
}
export const ourKeyring = new RawAesKeyring({ ...key, wrappingKey })
const client = new EnvelopeClient({ keyring: ourKeyring })

export const waxseal: Contestant = {
  async encrypt(plaintext, suite, frameLength) {
    const options = { algorithmSuite: ourSuites[suite], frameLength }
    return (await client.encrypt(plaintext, options)).ciphertext
  },
  decrypt: (ciphertext) => client.decrypt(ciphertext),
  encryptStream: (source, suite, frameLength) =>
    pump(source, client.encryptStream({ algorithmSuite: ourSuites[suite], frameLength })),
  decryptStream: (source) => pump(source, client.decryptStream()),
}

export const peerSuites = {
  unsigned: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
  signed: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
}
export const peerClient = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
export const peerKeyring = new RawAesKeyringNode({
  ...key,
  unencryptedMasterKey: wrappingKey,
  wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
})

/** AWS's own library for Node, with the same key. */
export const peer: Contestant = {
  async encrypt(plaintext, suite, frameLength) {
    const options = { suiteId: peerSuites[suite], frameLength }
    return (await peerClient.encrypt(peerKeyring, plaintext, options)).result
  },
  decrypt: (ciphertext) => peerClient.decrypt(peerKeyring, ciphertext),
  encryptStream: (source, suite, frameLength) =>
    pump(
      source,
      peerClient.encryptStream(peerKeyring, { suiteId: peerSuites[suite], frameLength }),
    ),
  decryptStream: (source) => pump(source, peerClient.decryptStream(peerKeyring)),
}

/** Runs chunks through a stream and drops what comes out. */
async function pump(source: Iterable<Uint8Array>, through: NodeJS.ReadWriteStream): Promise<void> {
  const iterator = source[Symbol.iterator]()
  const readable = new Readable({
    highWaterMark: 256 * 1024,
    read() {
      const next = iterator.next()
      this.push(next.done ? null : next.value)
    },
  })
  const sink = new Writable({
    highWaterMark: 256 * 1024,
    write(_chunk, _encoding, callback) {
      callback()
    },
  })
  await pipeline(readable, through, sink)
}
