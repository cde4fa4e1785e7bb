import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import { type Duplex, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import {
  AlgorithmSuiteIdentifier,
  CommitmentPolicy as PeerPolicy,
  buildClient,
} from '@aws-crypto/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AlgorithmSuite,
  type CommitmentPolicy,
  EnvelopeClient,
  algorithmSuites,
} from '../../src/index.ts'
import { fixtureKey, readFixtures } from '../support/fixtures.ts'
import { pairwise } from '../support/pairwise.ts'
import {
  type KeyringPair,
  aesPair,
  multiPairs,
  rsaPaddings,
  rsaPair,
  startKms,
} from './keyring-pairs.ts'

const suites = Object.values(algorithmSuites)
const policies = Object.values(PeerPolicy) satisfies CommitmentPolicy[]

const contexts = {
  empty: {},
  ASCII: { purpose: 'interop', tenant: 'acme' },
  'ASCII in mixed case': { Zone: 'Z sorts before a', _: '', app: 'a', 'app-2': 'b', APP: 'c' },
  'non-ASCII': { größe: 'Übergröße', ключ: 'значение', 鍵: '値', é: 'one', 'e\u0301': 'two' },
  // In UTF-16 the emoji's surrogates sort before U+E000 to U+FFFF, in UTF-8 behind them.
  'non-BMP': { '\u{1f511}': 'key', '\ue000': 'first', '\uffee': 'second', '\u{10ffff}': 'last' },
} as const satisfies Record<string, Record<string, string>>

const sizes = {
  '0': () => 0,
  '1': () => 1,
  'frame - 1': (frame: number) => frame - 1,
  frame: (frame: number) => frame,
  'frame + 1': (frame: number) => frame + 1,
  'many frames': (frame: number) => 5 * frame + Math.floor(frame / 2),
}

const ways = ['one-shot', 'streamed'] as const

interface Case {
  suite: AlgorithmSuite
  context: keyof typeof contexts
  size: keyof typeof sizes
  frameLength: number
  way: (typeof ways)[number]
}

const wrappingBits = [128, 192, 256] as const
const contextNames = Object.keys(contexts) as Case['context'][]
const sizeNames = Object.keys(sizes) as Case['size'][]

let exchanges = 0
afterAll(() => {
  console.log(`${exchanges} messages exchanged with @aws-crypto/client-node`)
})

/** Bytes that differ from frame to frame. */
function testBytes(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) % 256))
}

function policyFor({ commitment }: AlgorithmSuite): CommitmentPolicy {
  return commitment ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT' : 'FORBID_ENCRYPT_ALLOW_DECRYPT'
}

/** The whole output of a stream that is fed in about fifty chunks, of no frame's length. */
async function through(stream: Duplex, input: Buffer): Promise<Buffer> {
  const chunkLength = 7 + Math.ceil(input.length / 50)
  const chunks = function* () {
    for (let at = 0; at < input.length; at += chunkLength) {
      yield input.subarray(at, at + chunkLength)
    }
  }
  const [output] = await Promise.all([
    buffer(stream),
    pipeline(Readable.from(chunks(), { objectMode: false }), stream),
  ])
  return output
}

/** One message in each direction: written and read in one call, or through streams. */
async function exchange(pair: KeyringPair, each: Case) {
  const { suite, context, size, frameLength, way } = each
  const { ours, peer, oursReads = ours, peerReads = peer } = pair
  const plaintext = testBytes(sizes[size](frameLength))
  const encryptionContext = contexts[context]
  const commitmentPolicy = policyFor(suite)
  const writer = new EnvelopeClient({ keyring: ours, commitmentPolicy })
  const reader = new EnvelopeClient({ keyring: oursReads, commitmentPolicy })
  const theirs = buildClient(PeerPolicy[commitmentPolicy])
  const options = { algorithmSuite: suite.name, encryptionContext, frameLength }
  // A copy: the peer writes into the options that it is given.
  const theirOptions = {
    suiteId: peerSuiteId(suite),
    encryptionContext: { ...encryptionContext },
    frameLength,
  }
  const label = `${suite.name}, ${context} context, ${size} of ${frameLength}, ${way}`

  let readByThem: Buffer
  let readByUs: Uint8Array
  if (way === 'one-shot') {
    const { ciphertext } = await writer.encrypt(plaintext, options)
    readByThem = (await theirs.decrypt(peerReads, ciphertext)).plaintext
    const { result } = await theirs.encrypt(peer, plaintext, theirOptions)
    readByUs = (await reader.decrypt(result, { encryptionContext })).plaintext
  } else {
    const ciphertext = await through(writer.encryptStream(options), plaintext)
    readByThem = await through(theirs.decryptStream(peerReads), ciphertext)
    const result = await through(theirs.encryptStream(peer, theirOptions), plaintext)
    readByUs = await through(reader.decryptStream({ encryptionContext }), result)
  }
  expect(readByThem.equals(plaintext), `ours, read by the peer: ${label}`).toBe(true)
  expect(Buffer.from(readByUs).equals(plaintext), `the peer's, read by us: ${label}`).toBe(true)
  exchanges += 2
}

/** The suite in the peer's own enumeration. */
function peerSuiteId({ id }: AlgorithmSuite): AlgorithmSuiteIdentifier {
  return AlgorithmSuiteIdentifier[
    AlgorithmSuiteIdentifier[id] as keyof typeof AlgorithmSuiteIdentifier
  ]
}

/** Whether Node still decrypts PKCS #1 v1.5: versions whose OpenSSL has no implicit rejection refuse. */
function nodeDecryptsPkcs1(): boolean {
  const key = fixtureKey(readFixtures(), 'rsa-2048')
  if ('wrappingKey' in key) throw new Error('This is no RSA key')
  const padding = constants.RSA_PKCS1_PADDING
  const ciphertext = publicEncrypt({ key: key.publicKey, padding }, Buffer.from('x'))
  try {
    return privateDecrypt({ key: key.privateKey, padding }, ciphertext).length === 1
  } catch {
    return false
  }
}

describe('raw AES, the full product', () => {
  // A signature takes the peer ten times as long as all the rest, so a signed suite is run in full
  // under one length of wrapping key; its pairs with the others are in the next block.
  const cases = suites.flatMap((suite) =>
    (suite.signature ? [256 as const] : wrappingBits).map((bits) => ({
      suite,
      bits,
      name: suite.name,
    })),
  )
  it.each(cases)('wrapping by AES-$bits: $name', async ({ suite, bits }) => {
    const pair = aesPair(bits)
    for (const [i, context] of contextNames.entries()) {
      for (const [j, size] of sizeNames.entries()) {
        const way = ways[(i + j) % 2] ?? 'one-shot'
        await exchange(pair, { suite, context, size, frameLength: 16, way })
      }
    }
  })
})

const choices = {
  size: sizeNames,
  frameLength: [1, 100, 4096, 65536],
  suite: suites,
  context: contextNames,
  way: ways,
}
const labelled = <T extends Case>(cases: T[]) =>
  cases.map((each) => ({ ...each, name: each.suite.name }))

describe('raw AES, every pair of the other frame lengths and the rest', () => {
  const cases = labelled(pairwise({ ...choices, bits: wrappingBits }))
  it.each(cases)(
    'wrapping by AES-$bits: $name, $context context, $size of $frameLength, $way',
    async (each) => {
      await exchange(aesPair(each.bits), each)
    },
  )
})

describe('raw RSA', () => {
  const oaep = rsaPaddings.filter((padding) => padding !== 'pkcs1')
  const cases = labelled(pairwise({ ...choices, padding: oaep }))
  it.each(cases)('$padding: $name, $context context, $size of $frameLength, $way', async (each) => {
    await exchange(rsaPair(each.padding), each)
  })

  const pkcs1 = rsaPair('pkcs1')
  const message = testBytes(1000)

  it("PKCS #1 v1.5: we read the peer's messages, on every Node", async () => {
    const theirs = await buildClient().encrypt(pkcs1.peer, message)
    const { plaintext } = await new EnvelopeClient({ keyring: pkcs1.ours }).decrypt(theirs.result)
    expect(Buffer.from(plaintext).equals(message)).toBe(true)
  })

  it.runIf(nodeDecryptsPkcs1())('PKCS #1 v1.5: the peer reads ours, on this Node', async () => {
    const { ciphertext } = await new EnvelopeClient({ keyring: pkcs1.ours }).encrypt(message)
    const { plaintext } = await buildClient().decrypt(pkcs1.peer, ciphertext)
    expect(plaintext.equals(message)).toBe(true)
  })

  it.skipIf(nodeDecryptsPkcs1())(
    'PKCS #1 v1.5: the peer reads neither ours nor its own, since this Node forbids it',
    async () => {
      const { ciphertext } = await new EnvelopeClient({ keyring: pkcs1.ours }).encrypt(message)
      const theirs = await buildClient().encrypt(pkcs1.peer, message)
      for (const each of [ciphertext, theirs.result]) {
        await expect(buildClient().decrypt(pkcs1.peer, each)).rejects.toThrow(
          'unencryptedDataKey has not been set', // all that it says of Node's refusal
        )
      }
    },
  )
})

describe('multi-keyrings', () => {
  const cases = labelled(pairwise({ ...choices, pair: multiPairs() }))
  it.each(cases)(
    '$pair.name: $name, $context context, $size of $frameLength, $way',
    async (each) => {
      await exchange(each.pair, each)
    },
  )
})

describe('KMS', () => {
  let kms: Awaited<ReturnType<typeof startKms>>
  beforeAll(async () => {
    kms = await startKms()
  })
  afterAll(() => kms.close())

  const cases = labelled(pairwise({ ...choices, pair: [0, 1, 2, 3, 4] }))
  it.each(cases)(
    'pair $pair: $name, $context context, $size of $frameLength, $way',
    async (each) => {
      const pair = kms.pairs[each.pair]
      expect.assert(pair)
      await exchange(pair, each)
    },
  )
})

describe('large streams', () => {
  const names = [
    'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
    'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
    'ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256',
  ] as const
  const { ours, peer } = aesPair(256)
  const plaintext = testBytes(3_000_001)

  it.each(names)('ours through the peer, and the other way round: %s', async (name) => {
    const suite = algorithmSuites[name]
    const commitmentPolicy = policyFor(suite)
    const client = new EnvelopeClient({ keyring: ours, commitmentPolicy })
    const theirClient = buildClient(PeerPolicy[commitmentPolicy])
    const suiteId = peerSuiteId(suite)

    const written = await through(client.encryptStream({ algorithmSuite: name }), plaintext)
    const read = await through(theirClient.decryptStream(peer), written)
    expect(read.equals(plaintext)).toBe(true)

    const theirs = await through(theirClient.encryptStream(peer, { suiteId }), plaintext)
    const opened = await through(client.decryptStream(), theirs)
    expect(opened.equals(plaintext)).toBe(true)
  })
})

describe('commitment policies', () => {
  const { ours, peer } = aesPair(256)
  const clients = Object.fromEntries(
    policies.map((policy) => [
      policy,
      {
        ours: new EnvelopeClient({ keyring: ours, commitmentPolicy: policy }),
        theirs: buildClient(PeerPolicy[policy]),
      },
    ]),
  ) as Record<CommitmentPolicy, { ours: EnvelopeClient; theirs: ReturnType<typeof buildClient> }>
  const succeeds = (work: Promise<unknown>) =>
    work.then(
      () => true,
      () => false,
    )

  it.each(policies)('%s: both write with the same default suite', async (policy) => {
    const { header } = await clients[policy].ours.encrypt('x')
    const { messageHeader } = await clients[policy].theirs.encrypt(peer, Buffer.from('x'))
    expect(algorithmSuites[header.algorithmSuite].id).toBe(messageHeader.suiteId)
  })

  const cases = policies.flatMap((policy) => suites.map((suite) => ({ policy, suite })))
  it.each(cases)('$policy: both refuse the same: $suite.name', async ({ policy, suite }) => {
    const client = clients[policy]
    const suiteId = peerSuiteId(suite)
    const weWrite = await succeeds(client.ours.encrypt('x', { algorithmSuite: suite.name }))
    // The peer refuses before it makes a promise of it.
    const theyWrite = await succeeds(
      (async () => client.theirs.encrypt(peer, Buffer.from('x'), { suiteId }))(),
    )
    const message = await clients[policyFor(suite)].ours.encrypt('x', {
      algorithmSuite: suite.name,
    })
    const weRead = await succeeds(client.ours.decrypt(message.ciphertext))
    const theyRead = await succeeds(client.theirs.decrypt(peer, message.ciphertext))
    expect({ write: weWrite, read: weRead }).toEqual({ write: theyWrite, read: theyRead })
  })
})

describe("the peer's raw AES keyring without utf8Sorting, which sorts by locale", () => {
  const { ours, peer } = aesPair(256, { utf8Sorting: false })
  const client = new EnvelopeClient({ keyring: ours })
  const { decrypt, encrypt } = buildClient()

  it.each(['empty', 'ASCII'] as const)('works with a lower-case context: %s', async (context) => {
    const encryptionContext = contexts[context]
    const { ciphertext } = await client.encrypt('x', { encryptionContext })
    expect((await decrypt(peer, ciphertext)).plaintext.toString()).toBe('x')
    const { result } = await encrypt(peer, Buffer.from('x'), {
      encryptionContext: { ...encryptionContext },
    })
    expect(Buffer.from((await client.decrypt(result)).plaintext).toString()).toBe('x')
  })

  it('does not read what is sorted as the specification says: upper case', async () => {
    const { ciphertext } = await client.encrypt('x', { encryptionContext: { Zone: '1', app: '2' } })
    await expect(decrypt(peer, ciphertext)).rejects.toThrow('unencryptedDataKey has not been set')
  })

  it('writes what we read, although no keyring that sorts as the specification says can', async () => {
    const { result } = await encrypt(peer, Buffer.from('x'), {
      encryptionContext: { Zone: '1', app: '2' },
    })
    await expect(decrypt(aesPair(256).peer, result)).rejects.toThrow()
    expect(Buffer.from((await client.decrypt(result)).plaintext).toString()).toBe('x')
  })
})
