import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AlgorithmSuiteName,
  type CryptoBackend,
  EnvelopeClient,
  type Keyring,
  RawAesKeyring,
  algorithmSuites,
  nodeBackend,
} from '../../src/index.ts'
import { staticKeyring } from '../support/static-keyring.ts'
import { cachingBackend } from './caching-backend.ts'
import {
  type Case,
  Target,
  type Way,
  attack,
  bitFlips,
  frameLength,
  oneBitPerByte,
  oneBitPerEighthByte,
  otherPlaintext,
  plaintext,
  rearrangements,
  splices,
  trailing,
  truncations,
} from './harness.ts'

const mainWays: readonly Way[] = ['one-shot', 'streamed frame by frame']
const streamed: readonly Way[] = ['streamed frame by frame']
const webWays: readonly Way[] = [
  'web streamed in one chunk',
  'web streamed frame by frame',
  'web streamed byte by byte',
]
const allWays: readonly Way[] = [
  ...mainWays,
  'streamed in one chunk',
  'streamed byte by byte',
  ...webWays,
]

const rawAes = (fill: number): Keyring =>
  new RawAesKeyring({ keyNamespace: 'n', keyName: 'k', wrappingKey: Buffer.alloc(32, fill) })

/** What each policy is good for: writing the one kind of suite or the other, and reading both. */
function clientFor(suite: AlgorithmSuiteName, keyring: Keyring, backend: CryptoBackend) {
  const commitmentPolicy = algorithmSuites[suite].commitment
    ? 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
    : 'FORBID_ENCRYPT_ALLOW_DECRYPT'
  return new EnvelopeClient({ keyring, commitmentPolicy, frameLength, backend })
}

async function seal(client: EnvelopeClient, suite: AlgorithmSuiteName, text: Uint8Array) {
  const encryptionContext = { tenant: 'é' }
  const { ciphertext } = await client.encrypt(text, { algorithmSuite: suite, encryptionContext })
  return new Target(ciphertext)
}

/** A message under a suite, another one under the same keys, and what reads them. */
interface Scene {
  readonly client: EnvelopeClient
  readonly target: Target
  readonly other: Target
}

async function scene(
  suite: AlgorithmSuiteName,
  keyring: Keyring,
  backend: CryptoBackend,
): Promise<Scene> {
  const client = clientFor(suite, keyring, backend)
  const target = await seal(client, suite, plaintext)
  return { client, target, other: await seal(client, suite, otherPlaintext) }
}

function attacks(title: string, run: (count: (cases: number) => void) => void): void {
  let total = 0
  run((cases) => (total += cases))
  afterAll(() => {
    console.log(`tampering, ${title}: ${total.toLocaleString('en')} cases`)
  })
}

/** Long enough also for a machine that has other work; a case that hangs is seen long before. */
const options = { timeout: 180_000 }

/** Tampers with messages of these suites in every way there is. */
export function tamperExhaustively(suites: readonly AlgorithmSuiteName[]): void {
  describe.each(suites)('%s', options, (suite) => {
    attacks(suite, (count) => {
      // In one, wrapped keys are bound to the encryption context and to themselves; in the other the
      // data key is at hand whatever the message says, so that only the message protects itself.
      let wrapped: Scene
      let bare: Scene
      let otherKeys: Scene
      beforeAll(async () => {
        wrapped = await scene(suite, rawAes(1), cachingBackend)
        bare = await scene(suite, staticKeyring(Buffer.alloc(32, 2)), cachingBackend)
        otherKeys = await scene(suite, rawAes(3), cachingBackend)
      })

      const refuse = async (
        { client, target }: Scene,
        cases: Iterable<Case>,
        ways: readonly Way[] = mainWays,
      ) => {
        const { tried, violations } = await attack(client, target, cases, ways)
        count(tried)
        expect(violations).toEqual([])
      }

      it('decrypts the message as it was', async () => {
        const { violations } = await attack(
          wrapped.client,
          wrapped.target,
          [{ what: 'unchanged', bytes: wrapped.target.bytes, releasable: 0 }],
          allWays,
        )
        expect(violations).toHaveLength(allWays.length)
        for (const violation of violations) expect(violation).toContain('it decrypts')
      })

      it('refuses it with any one bit flipped, at once and streamed', () =>
        refuse(wrapped, bitFlips(wrapped.target)))

      it('refuses it with a bit of any byte flipped, streamed in one chunk', () =>
        refuse(wrapped, bitFlips(wrapped.target, oneBitPerByte), ['streamed in one chunk']))

      it('refuses it with a bit of every eighth byte flipped, streamed byte by byte', () =>
        refuse(wrapped, bitFlips(wrapped.target, oneBitPerEighthByte), ['streamed byte by byte']))

      it('refuses it with a bit of every eighth byte flipped, by Web Streams in chunks and byte by byte', () =>
        refuse(wrapped, bitFlips(wrapped.target, oneBitPerEighthByte), webWays))

      it('refuses it with a bit of every eighth byte flipped, on the default backend', () => {
        const client = clientFor(suite, rawAes(1), nodeBackend)
        return refuse({ ...wrapped, client }, bitFlips(wrapped.target, oneBitPerEighthByte))
      })

      it('refuses it with any one bit of the header flipped, under a keyring that checks nothing', () => {
        const inHeader = (offset: number) => offset < bare.target.header.length
        return refuse(bare, bitFlips(bare.target, inHeader))
      })

      it('refuses every truncation', () => refuse(wrapped, truncations(wrapped.target)))

      it('refuses frames reordered, repeated, dropped and relabelled', () =>
        refuse(wrapped, rearrangements(wrapped.target), [
          ...mainWays,
          'web streamed frame by frame',
        ]))

      it('refuses parts of another message under the same data key', () =>
        refuse(bare, splices(bare.target, bare.other, 'a message under the same data key')))

      it('refuses parts of another message of the same keyring', () =>
        refuse(wrapped, splices(wrapped.target, wrapped.other, 'a message of the same keyring')))

      it('refuses parts of a message under other keys', () =>
        refuse(wrapped, splices(wrapped.target, otherKeys.target, 'a message under other keys')))

      it('refuses anything behind the end', () =>
        refuse(wrapped, trailing(wrapped.target, wrapped.other), [
          ...mainWays,
          'web streamed in one chunk',
        ]))
    })
  })
}

/**
 * Tampers with what one keyring wrote and another reads, under a suite that neither commits to its key nor
 * signs: what the keyring itself does not notice is left to the header's tag.
 */
export function tamperWrapped(title: string, writer: Keyring, reader: Keyring): void {
  const suite = 'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256'
  describe(title, options, () => {
    attacks(title, (count) => {
      let here: Scene
      beforeAll(async () => {
        here = {
          ...(await scene(suite, writer, nodeBackend)),
          client: clientFor(suite, reader, nodeBackend),
        }
      })

      const refuse = async (cases: Iterable<Case>) => {
        const { tried, violations } = await attack(here.client, here.target, cases, ['one-shot'])
        count(tried)
        expect(violations).toEqual([])
      }

      it('decrypts the message as it was', async () => {
        const { plaintext: opened } = await here.client.decrypt(here.target.bytes)
        expect(Buffer.from(opened)).toEqual(plaintext)
      })

      it('refuses it with any one bit of the header flipped', () =>
        refuse(bitFlips(here.target, (offset) => offset < here.target.header.length)))

      it('refuses every truncation', () => refuse(truncations(here.target)))

      it('refuses parts of another message of the same keyring', () =>
        refuse(splices(here.target, here.other, 'a message of the same keyring')))
    })
  })
}

/** Tampers with whole messages on another backend, one bit of each byte; for a backend that is slow. */
export function tamperLightly(suites: readonly AlgorithmSuiteName[], backend: CryptoBackend): void {
  describe.each(suites)(`%s, ${backend.name}`, options, (suite) => {
    attacks(`${suite}, ${backend.name}`, (count) => {
      let here: Scene
      beforeAll(async () => {
        here = await scene(suite, staticKeyring(Buffer.alloc(32, 2)), backend)
      })

      const refuse = async (cases: Iterable<Case>, ways: readonly Way[]) => {
        const { tried, violations } = await attack(here.client, here.target, cases, ways)
        count(tried)
        expect(violations).toEqual([])
      }

      it('refuses it with a bit of any byte flipped', () =>
        refuse(bitFlips(here.target, oneBitPerByte), mainWays))

      it('refuses every truncation', () => refuse(truncations(here.target), streamed))

      it('refuses frames reordered, repeated, dropped and relabelled', () =>
        refuse(rearrangements(here.target), streamed))

      it('refuses parts of another message under the same data key', () =>
        refuse(splices(here.target, here.other, 'a message under the same data key'), streamed))
    })
  })
}
