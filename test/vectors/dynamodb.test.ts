import { existsSync, readFileSync } from 'node:fs'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { describe, expect, it } from 'vitest'
import {
  type AttributeActions,
  DynamoDbItemEncryptor,
  type Item,
  type ItemAlgorithmSuiteName,
  itemAlgorithmSuites,
} from '../../src/dynamodb.ts'
import { type CryptoBackend, nodeBackend } from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { FakeBranchKeys, keyringOn } from '../support/hierarchical.ts'

// Official vectors, which the project's own tree does not carry: items that the AWS Database Encryption SDK for
// Java and for .NET encrypted, some of them under another configuration than they are read with.

interface Vector {
  type: 'positive-decrypt' | 'negative-decrypt'
  description: string
  config: {
    attributeActionsOnEncrypt: AttributeActions
    allowedUnsignedAttributes?: string[]
    algorithmSuiteId?: ItemAlgorithmSuiteName
  }
  /** Plain values; where they are in attribute values, whatever is within a list or a map is plain. */
  plaintext: Record<string, unknown>
  encrypted: Record<string, Record<string, unknown>>
}
interface BranchKey {
  'key-id': string
  branchKeyVersion: string
  branchKey: string
}

const folder = new URL('../../../shared/vectors/dynamodb/', import.meta.url)
const present = existsSync(folder)
const files = ['decrypt_dotnet_32.json', 'decrypt_java_32.json', 'decrypt_java_33.json']

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
}

const vectors = files.flatMap((file) => {
  const { tests } = present ? (read(file) as { tests: Record<string, Vector> }) : { tests: {} }
  return Object.entries(tests).map(([number, vector]) => ({
    name: `${file} ${number}: ${vector.description}`,
    ...vector,
  }))
})

function encryptorOf({ config }: Vector, backend: CryptoBackend) {
  const { keys } = read('keys.json') as { keys: Record<'static-branch-key-1', BranchKey> }
  const { 'key-id': branchKeyId, branchKeyVersion, branchKey } = keys['static-branch-key-1']
  const keyStore = new FakeBranchKeys('')
  keyStore.add(branchKeyId, branchKeyVersion, Buffer.from(branchKey, 'base64'))
  return new DynamoDbItemEncryptor({
    logicalTableName: 'GazelleVectorTable',
    partitionKeyName: 'RecNum',
    attributeActionsOnEncrypt: config.attributeActionsOnEncrypt,
    allowedUnsignedAttributes: config.allowedUnsignedAttributes,
    algorithmSuite: config.algorithmSuiteId,
    keyring: keyringOn(keyStore, { branchKeyId }),
    backend,
  })
}

/** The attribute values, whose binary ones are in base64 and at the top only. */
function item(encrypted: Vector['encrypted']): Item {
  const entries = Object.entries(encrypted).map(([name, value]) => [
    name,
    'B' in value ? { B: Buffer.from(String(value['B']), 'base64') } : value,
  ])
  return Object.fromEntries(entries) as Item
}

/** What of the plaintext is an attribute value is made plain. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const [member, content] = Object.entries(value)[0] ?? []
  if (member === 'L' || member === 'M') return plain(content)
  if (member === 'SS') return new Set(content as string[])
  if (member === 'NS') return new Set((content as string[]).map(Number))
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}

describe.skipIf(!present)('published items', () => {
  it('are 30, of both versions and of three configurations that refuse them', () => {
    expect(vectors).toHaveLength(30)
    expect(vectors.filter(({ type }) => type === 'negative-decrypt')).toHaveLength(3)
    const versions = vectors.map(({ encrypted }) => item(encrypted)['aws_dbe_head']?.B?.[0])
    expect(new Set(versions)).toEqual(new Set([1, 2]))
  })

  describe.each([nodeBackend, nobleBackend])('with the backend $name', (backend) => {
    it.each(vectors.filter(({ type }) => type === 'positive-decrypt'))(
      'open: $name',
      async (vector) => {
        const { item: opened, header } = await encryptorOf(vector, backend).decryptItem(
          item(vector.encrypted),
        )
        expect(unmarshall(opened)).toEqual(plain(vector.plaintext))
        expect(Object.keys(itemAlgorithmSuites)).toContain(header?.algorithmSuite)
        expect(header?.version).toBe(item(vector.encrypted)['aws_dbe_head']?.B?.[0])
      },
    )

    it.each(vectors.filter(({ type }) => type === 'negative-decrypt'))(
      'are refused: $name',
      async (vector) => {
        const opening = encryptorOf(vector, backend).decryptItem(item(vector.encrypted))
        await expect(opening).rejects.toMatchObject({ code: 'ERR_AUTHENTICATION' })
      },
    )
  })

  it('name the action by the legend, and not by the configuration they are read with', async () => {
    const changed = vectors.filter(
      ({ description }) => description === 'Change ENCRYPT_AND_SIGN to SIGN_ONLY',
    )
    expect(changed).toHaveLength(3)
    for (const vector of changed) {
      const { header } = await encryptorOf(vector, nodeBackend).decryptItem(item(vector.encrypted))
      expect(vector.config.attributeActionsOnEncrypt['Stuff']).toBe('SIGN_ONLY')
      expect(header?.attributeActions['Stuff']).toBe('ENCRYPT_AND_SIGN')
    }
  })
})
