/**
 * Makes the vectors that the project carries, test/fixtures/messages.json:
 *
 *     npx tsx tools/make-fixtures.ts
 *
 * Three writers: the peer `@aws-crypto/client-node`, this library, and a plain writer from the
 * specification (tools/independent-message.ts). Whatever the peer can read, it has read before the
 * file is written. Random keys, ids and nonces make each run's file another one: run it to add
 * vectors, not as a check.
 */
import { constants, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import {
  AlgorithmSuiteIdentifier,
  CommitmentPolicy,
  type KeyringNode,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
  RawRsaKeyringNode,
  buildClient,
} from '@aws-crypto/client-node'
import type {
  FixtureFile,
  FixtureKey,
  FixtureMessage,
  FixtureWrapping,
} from '../test/support/fixtures.ts'
import { keyringOf } from '../test/support/fixtures.ts'
import { algorithmSuites } from '../src/suites/suites.ts'
import { EnvelopeClient } from '../src/index.ts'
import { suiteFacts, writeIndependentMessage } from './independent-message.ts'

const target = new URL('../test/fixtures/messages.json', import.meta.url)
const suites = Object.values(algorithmSuites)
const committing = CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT
const forbidding = CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT

const keyNamespace = 'waxseal test keys'
const aesKey = (bytes: number): FixtureKey => ({
  keyNamespace,
  keyName: `test key, AES-${bytes * 8}`,
  wrappingKey: randomBytes(bytes).toString('base64'),
})
const keys: FixtureFile['keys'] = {
  'aes-128': aesKey(16),
  'aes-192': aesKey(24),
  'aes-256': aesKey(32),
  'rsa-2048': rsaKey(2048),
  'rsa-3072': rsaKey(3072),
}
const wrappings: FixtureWrapping[] = [
  { key: 'aes-128' },
  { key: 'rsa-2048', padding: 'pkcs1' },
  { key: 'aes-192' },
  { key: 'rsa-2048', padding: 'oaep-sha1' },
  { key: 'aes-256' },
  { key: 'rsa-3072', padding: 'oaep-sha256' },
  { key: 'rsa-2048', padding: 'oaep-sha384' },
  { key: 'rsa-3072', padding: 'oaep-sha512' },
]
const contexts: Record<string, string>[] = [
  {},
  { purpose: 'test vector', tenant: 'acme' },
  { Zone: 'upper case sorts first', app: 'lower case after it', '': 'an empty key', empty: '' },
  { größe: 'Übergröße', ключ: 'значение', 鍵: '値' },
  { '\u{1f511}': 'non-BMP', '\ue000': 'sorts before it in UTF-8', '\uffee': '\u{10ffff}' },
]
/** Pairs of plaintext length and frame length: 0, 1, frame - 1, frame, frame + 1, many frames. */
const shapes: [number, number][] = [
  [0, 64],
  [1, 64],
  [63, 64],
  [64, 64],
  [65, 64],
  [100, 9],
  [48, 16],
  [200, 4096],
  [5, 1],
]

function rsaKey(modulusLength: number): FixtureKey {
  return {
    keyNamespace,
    keyName: `test key, RSA-${modulusLength}`,
    ...generateKeyPairSync('rsa', {
      modulusLength,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }),
  }
}

function keyOf({ key }: FixtureWrapping): FixtureKey {
  const found = keys[key]
  if (!found) throw new Error(`There is no key ${key}`)
  return found
}

function peerKeyring(wrapping: FixtureWrapping): KeyringNode {
  const key = keyOf(wrapping)
  const names = { keyNamespace: key.keyNamespace, keyName: key.keyName }
  if ('wrappingKey' in key) {
    const wrappingKey = Buffer.from(key.wrappingKey, 'base64')
    const suite = `AES${wrappingKey.length * 8}_GCM_IV12_TAG16_NO_PADDING` as const
    return new RawAesKeyringNode({
      ...names,
      // The SDK keeps the memory that it is given; without the option it sorts by locale.
      unencryptedMasterKey: new Uint8Array(wrappingKey),
      wrappingSuite:
        RawAesWrappingSuiteIdentifier[suite as keyof typeof RawAesWrappingSuiteIdentifier],
      utf8Sorting: true,
    })
  }
  const rsaKey = { publicKey: key.publicKey, privateKey: key.privateKey }
  const padding = constants.RSA_PKCS1_PADDING
  if (wrapping.padding === 'pkcs1') return new RawRsaKeyringNode({ ...names, rsaKey, padding })
  const oaepHash = wrapping.padding?.slice('oaep-'.length) as 'sha1' | 'sha256'
  return new RawRsaKeyringNode({ ...names, rsaKey, oaepHash })
}

async function peerMessage(message: Omit<FixtureMessage, 'ciphertext'>): Promise<Buffer> {
  const suite = algorithmSuites[message.suite]
  const client = buildClient(suite.commitment ? committing : forbidding)
  const { result } = await client.encrypt(
    peerKeyring(message),
    Buffer.from(message.plaintext, 'base64'),
    {
      suiteId: peerSuiteId(suite.id),
      encryptionContext: { ...message.encryptionContext },
      frameLength: message.frameLength,
    },
  )
  return result
}

/** The suite in the peer's own enumeration. */
function peerSuiteId(id: number): AlgorithmSuiteIdentifier {
  return AlgorithmSuiteIdentifier[
    AlgorithmSuiteIdentifier[id] as keyof typeof AlgorithmSuiteIdentifier
  ]
}

async function ownMessage(message: Omit<FixtureMessage, 'ciphertext'>): Promise<Uint8Array> {
  const suite = algorithmSuites[message.suite]
  const client = new EnvelopeClient({
    keyring: keyringOf(keyOf(message), message.padding),
    commitmentPolicy: suite.commitment ? committing : forbidding,
  })
  const { ciphertext } = await client.encrypt(Buffer.from(message.plaintext, 'base64'), {
    algorithmSuite: suite.name,
    encryptionContext: message.encryptionContext,
    frameLength: message.frameLength,
  })
  return ciphertext
}

/** The same shapes, contexts and keys by turns, so that a few messages of each suite cover them. */
async function byClients(): Promise<FixtureMessage[]> {
  const messages: FixtureMessage[] = []
  for (const [writer, write] of [
    ['@aws-crypto/client-node', peerMessage],
    ['waxseal', ownMessage],
  ] as const) {
    let turn = 0
    for (const suite of suites) {
      for (let i = 0; i < 3; i++, turn++) {
        const wrapping = at(wrappings, turn)
        const [length, frameLength] = at(shapes, turn)
        const message = {
          writer,
          suite: suite.name,
          ...wrapping,
          encryptionContext: at(contexts, turn),
          frameLength,
          plaintext: randomBytes(length).toString('base64'),
        }
        messages.push({ ...message, ciphertext: base64(await write(message)) })
      }
    }
  }
  return messages
}

function byIndependentWriter(): FixtureMessage[] {
  const messages: FixtureMessage[] = []
  const write = (
    id: number,
    note: string,
    length: number,
    more: Partial<Parameters<typeof writeIndependentMessage>[0]> = {},
  ) => {
    const facts = suiteFacts.find((each) => each.id === id)
    const suite = suites.find((each) => each.id === id)
    const key = keys['aes-256']
    if (!facts || !suite || !key || !('wrappingKey' in key)) throw new Error(`No suite ${id}`)
    const plaintext = randomBytes(length)
    const storedContext = at(contexts, messages.length)
    const frameLength = more.frameLength ?? 0
    const requiredContext = more.requiredContext ?? {}
    const ciphertext = writeIndependentMessage({
      suite: facts,
      wrapping: { ...key, wrappingKey: Buffer.from(key.wrappingKey, 'base64') },
      storedContext,
      requiredContext,
      plaintext,
      frameLength,
      ivs: more.ivs ?? 'sequence',
      emptyFinalFrame: more.emptyFinalFrame ?? false,
    })
    messages.push({
      writer: 'tools/independent-message.ts',
      note,
      suite: suite.name,
      key: 'aes-256',
      encryptionContext: { ...storedContext, ...requiredContext },
      ...(more.requiredContext && { notStored: Object.keys(requiredContext) }),
      frameLength,
      plaintext: base64(plaintext),
      ciphertext: base64(ciphertext),
    })
  }
  for (const { id } of suiteFacts) {
    write(id, 'non-framed', 70)
    write(id, 'framed', 70, { frameLength: 32 })
  }
  for (const id of [0x0178, 0x0378, 0x0478, 0x0578]) {
    const requiredContext = { account: '7', '\u{1f511}\uffee': 'not stored' }
    write(id, 'non-framed, empty', 0)
    write(id, 'non-framed, random IV', 33, { ivs: 'random' })
    write(id, 'framed, random IVs', 50, { frameLength: 20, ivs: 'random' })
    write(id, 'framed, empty final frame', 64, { frameLength: 32, emptyFinalFrame: true })
    write(id, 'framed, pairs that are not stored', 40, { frameLength: 32, requiredContext })
    write(id, 'non-framed, pairs that are not stored', 40, { requiredContext })
  }
  return messages
}

/** What the peer can't read: PKCS #1 (Node forbids it), pairs that are not stored. */
function isForPeer({ padding, notStored }: FixtureMessage): boolean {
  return padding !== 'pkcs1' && notStored === undefined
}

async function checkWithPeer(message: FixtureMessage): Promise<void> {
  const { decrypt } = buildClient(committing)
  const { plaintext } = await decrypt(
    peerKeyring(message),
    Buffer.from(message.ciphertext, 'base64'),
  )
  if (plaintext.toString('base64') === message.plaintext) return
  throw new Error(`The peer reads another plaintext: ${JSON.stringify(message)}`)
}

function at<T>(list: readonly T[], turn: number): T {
  const item = list[turn % list.length]
  if (item === undefined) throw new Error('An empty list has no turns')
  return item
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function versionIn(manifest: string): string {
  const text = readFileSync(new URL(manifest, import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

const messages = [...(await byClients()), ...byIndependentWriter()]
const forPeer = messages.filter(isForPeer)
for (const message of forPeer) await checkWithPeer(message)
const file: FixtureFile = {
  about:
    'Messages for test/vectors/own.test.ts, made by tools/make-fixtures.ts. ' +
    'The keys are test keys, made for this file and published with it: never use them.',
  versions: {
    '@aws-crypto/client-node': versionIn('../node_modules/@aws-crypto/client-node/package.json'),
    waxseal: versionIn('../package.json'),
    node: process.version,
  },
  keys,
  messages,
}
const text = `${JSON.stringify(file, null, 1)}\n`
writeFileSync(target, text)
process.stdout.write(
  `${messages.length} messages in ${text.length} bytes; the peer reads ${forPeer.length} of them\n`,
)
