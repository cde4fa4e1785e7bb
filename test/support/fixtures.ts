import { readFileSync } from 'node:fs'
import {
  type AlgorithmSuiteName,
  type Keyring,
  type CryptoBackend,
  RawAesKeyring,
  RawRsaKeyring,
  type RsaPadding,
} from '../../src/index.ts'

/** A test key in test/fixtures/messages.json; `wrappingKey` is base64, the others are PEM. */
export type FixtureKey = { keyNamespace: string; keyName: string } & (
  { wrappingKey: string } | { publicKey: string; privateKey: string }
)

/** Which key wraps the data key; for RSA with which padding. */
export interface FixtureWrapping {
  key: string
  padding?: RsaPadding
}

export interface FixtureMessage extends FixtureWrapping {
  /** Who wrote it. */
  writer: '@aws-crypto/client-node' | 'waxseal' | 'tools/independent-message.ts'
  note?: string
  suite: AlgorithmSuiteName
  /** Every pair that is authenticated. */
  encryptionContext: Record<string, string>
  /** Keys of those pairs that the message does not store: who decrypts it has to know them. */
  notStored?: string[]
  /** 0 for a non-framed message. */
  frameLength: number
  /** In base64, as is the ciphertext. */
  plaintext: string
  ciphertext: string
}

export interface FixtureFile {
  about: string
  versions: Record<'@aws-crypto/client-node' | 'waxseal' | 'node', string>
  keys: Record<string, FixtureKey>
  messages: FixtureMessage[]
}

/** The vectors and the test keys that the project carries. */
export function readFixtures(): FixtureFile {
  const path = new URL('../fixtures/messages.json', import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as FixtureFile
}

/** The key of that name. */
export function fixtureKey({ keys }: FixtureFile, name: string): FixtureKey {
  const key = keys[name]
  if (!key) throw new Error(`The fixtures have no key ${name}`)
  return key
}

/** The raw keyring that holds a test key. */
export function keyringOf(
  key: FixtureKey,
  padding: RsaPadding = 'oaep-sha256',
  backend?: CryptoBackend,
): Keyring {
  const more = backend && { backend }
  return 'wrappingKey' in key
    ? new RawAesKeyring({ ...key, wrappingKey: Buffer.from(key.wrappingKey, 'base64'), ...more })
    : new RawRsaKeyring({ ...key, padding, ...more })
}
