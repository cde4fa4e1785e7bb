import { constants } from 'node:crypto'
import {
  KeyringNode,
  KMS,
  KmsKeyringNode,
  type KmsKeyringNodeInput,
  MultiKeyringNode,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
  RawRsaKeyringNode,
} from '@aws-crypto/client-node'
import { KMSClient } from '@aws-sdk/client-kms'
import { expect } from 'vitest'
import {
  type Keyring,
  MultiKeyring,
  RawAesKeyring,
  RawRsaKeyring,
  type RsaPadding,
} from '../../src/index.ts'
import { KmsKeyring } from '../../src/kms.ts'
import { LocalKms } from '../../src/local-kms/index.ts'
import { fixtureKey, readFixtures } from '../support/fixtures.ts'

/** The same wrapping key, or keys, in a keyring of ours and in one of the peer's. */
export interface KeyringPair {
  readonly name: string
  readonly ours: Keyring
  readonly peer: KeyringNode
  /** What reads what the other side wrote, where it is not the keyring that writes. */
  readonly oursReads?: Keyring
  readonly peerReads?: KeyringNode
}

const names = { keyNamespace: 'interop test', keyName: 'key ü \u{1f511}' }

const wrappingSuites = {
  128: RawAesWrappingSuiteIdentifier.AES128_GCM_IV12_TAG16_NO_PADDING,
  192: RawAesWrappingSuiteIdentifier.AES192_GCM_IV12_TAG16_NO_PADDING,
  256: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
} as const

/** Without `utf8Sorting` the peer's raw AES keyring sorts the encryption context by locale. */
export function aesPair(bits: 128 | 192 | 256, { utf8Sorting = true } = {}): KeyringPair {
  const wrappingKey = new Uint8Array(bits / 8).fill(bits % 251)
  return {
    name: `raw AES-${bits}`,
    ours: new RawAesKeyring({ ...names, wrappingKey }),
    peer: new RawAesKeyringNode({
      ...names,
      unencryptedMasterKey: new Uint8Array(wrappingKey), // it keeps the memory that it is given
      wrappingSuite: wrappingSuites[bits],
      utf8Sorting,
    }),
  }
}

export const rsaPaddings = [
  'pkcs1',
  'oaep-sha1',
  'oaep-sha256',
  'oaep-sha384',
  'oaep-sha512',
] as const satisfies RsaPadding[]

const peerPaddings = {
  pkcs1: { padding: constants.RSA_PKCS1_PADDING },
  'oaep-sha1': { oaepHash: 'sha1' },
  'oaep-sha256': { oaepHash: 'sha256' },
  'oaep-sha384': { oaepHash: 'sha384' },
  'oaep-sha512': { oaepHash: 'sha512' },
} as const

export function rsaPair(padding: RsaPadding): KeyringPair {
  const key = fixtureKey(readFixtures(), 'rsa-2048')
  if ('wrappingKey' in key) throw new Error('This is no RSA key')
  const { publicKey, privateKey } = key
  return {
    name: `raw RSA ${padding}`,
    ours: new RawRsaKeyring({ ...names, publicKey, privateKey, padding }),
    peer: new RawRsaKeyringNode({
      ...names,
      rsaKey: { publicKey, privateKey },
      ...peerPaddings[padding],
    }),
  }
}

/** Multi-keyrings over raw keys: read as a whole, by the generator alone and by a child alone. */
export function multiPairs(): KeyringPair[] {
  const generator = aesPair(256)
  const children = [rsaPair('oaep-sha256'), aesPair(128)] as const
  const pair = {
    ours: new MultiKeyring({
      generator: generator.ours,
      children: children.map(({ ours }) => ours),
    }),
    peer: new MultiKeyringNode({
      generator: generator.peer,
      children: children.map(({ peer }) => peer),
    }),
  }
  const readBy = (part: string, { ours, peer }: KeyringPair): KeyringPair => ({
    ...pair,
    name: `multi, read by ${part}`,
    oursReads: ours,
    peerReads: peer,
  })
  return [
    { ...pair, name: 'multi' },
    // The same name under two lengths of key: the first one fails and the next one is tried.
    readBy('its last child', children[1]),
    readBy('its first child', children[0]),
    readBy('its generator', generator),
  ]
}

/** A LocalKms with keyrings of both sides over it. */
export async function startKms() {
  const kms = await LocalKms.start({ log: () => undefined })
  const [key1, key2] = [await kms.createKey(), await kms.createKey({ alias: 'alias/interop' })]
  const client = new KMSClient(kms.clientConfig())
  const peerClient = new KMS(kms.clientConfig())
  // Its own type, written for other compiler options than ours, does not admit its own client.
  const provider: unknown = () => peerClient
  const clientProvider = provider as NonNullable<KmsKeyringNodeInput['clientProvider']>

  const ours = (keyId: string) => new KmsKeyring({ client, keyId })
  const peer = (generatorKeyId: string, ...keyIds: string[]): KeyringNode => {
    const keyring: unknown = new KmsKeyringNode({ clientProvider, generatorKeyId, keyIds })
    expect.assert(keyring instanceof KeyringNode) // which the type of its class does not say
    return keyring
  }
  const aes = aesPair(192)
  const two = {
    ours: new MultiKeyring({ generator: ours(key1), children: [ours(key2)] }),
    peer: peer(key1, key2),
  }
  const mixed = {
    ours: new MultiKeyring({ generator: ours(key1), children: [aes.ours] }),
    peer: new MultiKeyringNode({ generator: peer(key1), children: [aes.peer] }),
  }
  const pairs: KeyringPair[] = [
    { name: 'KMS key', ours: ours(key1), peer: peer(key1) },
    {
      name: 'KMS alias, read by the key ARN',
      ours: ours('alias/interop'),
      peer: peer('alias/interop'),
      oursReads: ours(key2),
      peerReads: peer(key2),
    },
    {
      ...two,
      name: 'two KMS keys, read by the second',
      oursReads: ours(key2),
      peerReads: peer(key2),
    },
    { ...mixed, name: 'KMS and raw AES' },
    { ...mixed, name: 'KMS and raw AES, read by AES', oursReads: aes.ours, peerReads: aes.peer },
  ]
  return {
    pairs,
    async close() {
      client.destroy()
      peerClient.destroy()
      await kms.close()
    },
  }
}
