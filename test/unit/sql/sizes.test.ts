import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Keyring,
  MultiKeyring,
  RawAesKeyring,
  RawEcdhKeyring,
  RawRsaKeyring,
  inspectMessage,
} from '../../../src/index.ts'
import { HierarchicalKeyring } from '../../../src/hierarchical.ts'
import { KmsKeyring, KmsMrkKeyring } from '../../../src/kms.ts'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { FieldCipher, defineTable } from '../../../src/sql.ts'
import { FakeBranchKeys } from '../../support/hierarchical.ts'

// How many bytes a value grows by, measured, and the table of that in the guide. After a change of the format:
//   npx vitest run test/unit/sql/sizes.test.ts --update

const guide = fileURLToPath(new URL('../../../docs/guides/encrypted-columns.md', import.meta.url))
const [begins, ends] = ['<!-- sizes -->', '<!-- /sizes -->']

/** What KMS makes of a data key of 32 bytes. LocalKms has a layout of its own, with another length. */
const kmsCiphertextLength = 184

const region = 'us-east-1'
let kms: LocalKms
let client: KMSClient

beforeAll(async () => {
  kms = await LocalKms.start({ log: () => undefined })
  client = new KMSClient(kms.clientConfig(region))
})
afterAll(async () => {
  client.destroy()
  await kms.close()
})

test('the guide says how many bytes an encrypted value has more than its own', async () => {
  const document = readFileSync(guide, 'utf8')
  const [before = '', rest] = document.split(begins)
  const after = rest?.split(ends)[1]
  expect(after, `the guide has ${begins} and ${ends}`).toBeDefined()
  const table = await sizesTable()
  const wanted = `${before}${begins}\n\n${table}\n\n${ends}${after ?? ''}`
  await expect(wanted).toMatchFileSnapshot(guide)
})

test.each([1, 100, 10_000])('of a value of %i bytes as of any other', async (length) => {
  const keyring = rawAes('key-1')
  const growth = await growthOf(keyring, false)
  const { cipher, table } = cipherOf(keyring, false)
  const stored = await cipher.encryptValue(table, 'email', { id }, 'x'.repeat(length))
  expect(stored).toHaveLength(length + growth)
})

const id = '0b8f7a3e-2f64-4b0c-9a51-7d3c1f6e8a90'

async function sizesTable(): Promise<string> {
  const rows = [['keyring', 'bytes', 'with `storeContext`']]
  for (const [name, keyring] of Object.entries(await keyrings())) {
    const growths = [await growthOf(keyring, false), await growthOf(keyring, true)]
    rows.push([name, ...growths.map(String)])
  }
  return markdown(rows)
}

async function keyrings(): Promise<Record<string, Keyring>> {
  const keyArn = await arnOf(await kms.createKey())
  const mrkArn = await arnOf(await kms.createKey({ multiRegion: true }))
  const branchKeys = new FakeBranchKeys()
  const branchKeyId = id
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  branchKeys.add(branchKeyId)
  return {
    'hierarchical keyring': new HierarchicalKeyring({
      keyStore: branchKeys,
      branchKeyId,
      ttlMs: 1000,
    }),
    'raw AES keyring': rawAes('key-1'),
    'raw RSA keyring, 2048 bits': rawRsa(2048),
    'raw RSA keyring, 4096 bits': rawRsa(4096),
    'raw ECDH keyring, P-256': new RawEcdhKeyring({
      curve: 'P-256',
      schema: { type: 'ephemeral', recipientPublicKey: publicKey },
    }),
    'KMS keyring': new KmsKeyring({ client, keyId: keyArn }),
    'KMS keyring, multi-Region key': new KmsMrkKeyring({ client, keyId: mrkArn }),
    'multi-keyring of two KMS keys': new MultiKeyring({
      generator: new KmsKeyring({ client, keyId: keyArn }),
      children: [new KmsKeyring({ client, keyId: await arnOf(await kms.createKey()) })],
    }),
    'multi-keyring of two raw AES keys': new MultiKeyring({
      generator: rawAes('key-1'),
      children: [rawAes('key-2')],
    }),
  }
}

/** How many bytes more the value of a column has, with what KMS would have made of its data keys. */
async function growthOf(keyring: Keyring, storeContext: boolean): Promise<number> {
  const email = 'ada@example.com'
  const { cipher, table } = cipherOf(keyring, storeContext)
  const stored = await cipher.encryptValue(table, 'email', { id }, email)
  if (typeof stored === 'string') throw new Error('unreachable: the column has bytes')
  const ofKms = inspectMessage(stored).encryptedDataKeys.filter(
    ({ providerId }) => providerId === 'aws-kms',
  )
  const longer = ofKms.reduce(
    (sum, { ciphertext }) => sum + kmsCiphertextLength - ciphertext.length,
    0,
  )
  return stored.length - email.length + longer
}

function cipherOf(keyring: Keyring, storeContext: boolean) {
  const table = defineTable('users', {
    primaryKey: { id: 'uuid' },
    columns: { email: 'string' },
    storeContext,
  })
  return { table, cipher: new FieldCipher({ keyring, tables: [table] }) }
}

function rawAes(keyName: string): RawAesKeyring {
  return new RawAesKeyring({ keyNamespace: 'my-app', keyName, wrappingKey: new Uint8Array(32) })
}

function rawRsa(bits: number): RawRsaKeyring {
  const padding = 'oaep-sha256'
  return new RawRsaKeyring({
    keyNamespace: 'my-app',
    keyName: 'key-1',
    padding,
    publicKey: somePublicKey(bits),
  })
}

/** Nobody has to decrypt, so any odd number does for the product of two primes, which take a while to find. */
function somePublicKey(bits: number): KeyObject {
  const modulus = randomBytes(bits / 8)
  modulus[0] = 0xff
  modulus[modulus.length - 1] = 0xff
  const key = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }
  return createPublicKey({ key, format: 'jwk' })
}

async function arnOf(keyId: string): Promise<string> {
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: keyId }))
  if (KeyMetadata?.Arn === undefined) throw new Error('unreachable: a key has an ARN')
  return KeyMetadata.Arn
}

/** As prettier writes it. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), rule, ...body.map(line)].join('\n')
}
