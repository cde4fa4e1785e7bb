import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { type Keyring, RawAesKeyring } from 'waxseal'
import { DynamoDbItemEncryptor, type Item, type ItemAlgorithmSuiteName } from 'waxseal/dynamodb'
import { floorOfItem } from './floor-items.ts'
import { type Row, repeated, repeatedAtOnce } from './measure.ts'
import { warmHierarchicalKeyring } from './warm-keyring.ts'

const suites: readonly { id: string; name: ItemAlgorithmSuiteName; floor: number }[] = [
  { id: '0x6700', name: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384', floor: 0.5 },
  {
    id: '0x6701',
    name: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384',
    floor: 0.8,
  },
]

const keyNames = ['customer', 'placed']

/**
 * Items of ten attributes, two of them the table's key and eight encrypted. AWS has no library for JavaScript
 * that could be run beside it; `npm run test:interop` compares with the one for Java.
 */
export async function itemRows(): Promise<Row[]> {
  const keyrings = {
    'raw AES keyring': new RawAesKeyring({
      keyNamespace: 'bench',
      keyName: 'key',
      wrappingKey: new Uint8Array(32).fill(9),
    }),
    'hierarchical keyring': await warmHierarchicalKeyring(encryptOne),
  }
  const rows: Row[] = []
  for (const [name, keyring] of Object.entries(keyrings)) {
    for (const suite of suites) {
      for (const kilobytes of [1, 10]) {
        rows.push(...(await rowsOf(suite, kilobytes, name, keyring)))
      }
    }
  }
  return rows
}

async function rowsOf(
  suite: (typeof suites)[number],
  kilobytes: number,
  keyringName: string,
  keyring: Keyring,
): Promise<Row[]> {
  const plain = itemOf(kilobytes * 1024)
  const encryptor = new DynamoDbItemEncryptor({
    logicalTableName: 'orders',
    partitionKeyName: 'customer',
    sortKeyName: 'placed',
    attributeActionsOnEncrypt: {
      customer: 'SIGN_ONLY',
      placed: 'SIGN_ONLY',
      name: 'ENCRYPT_AND_SIGN',
      email: 'ENCRYPT_AND_SIGN',
      total: 'ENCRYPT_AND_SIGN',
      paid: 'ENCRYPT_AND_SIGN',
      address: 'ENCRYPT_AND_SIGN',
      lines: 'ENCRYPT_AND_SIGN',
      label: 'ENCRYPT_AND_SIGN',
      notes: 'ENCRYPT_AND_SIGN',
    },
    keyring,
    algorithmSuite: suite.name,
  })
  const { item: encrypted } = await encryptor.encryptItem(plain)
  const signed = suite.id === '0x6701'
  const floor = floorOfItem(shapeOf(plain, encrypted, signed, keyringName.startsWith('hier')))
  const messages = signed ? 200 : 2000
  const targets = { floor: suite.floor }
  const work = `items of ${kilobytes} KB, ${keyringName}, ${suite.id}`
  return [
    {
      work: `${work}, encrypt`,
      messages,
      targets,
      ours: repeated(messages, () => encryptor.encryptItem(plain)),
      floor: repeatedAtOnce(messages, floor.encrypt),
    },
    {
      work: `${work}, decrypt`,
      messages,
      targets,
      ours: repeated(messages, () => encryptor.decryptItem(encrypted)),
      floor: repeatedAtOnce(messages, floor.decrypt),
    },
  ]
}

/** As many bytes as DynamoDB would count, within a few. */
function itemOf(bytes: number) {
  const line: AttributeValue = {
    M: { article: { S: 'A-1042' }, count: { N: '3' }, price: { N: '19.90' } },
  }
  const fixed = 350
  return {
    customer: { S: 'c-000000004711' },
    placed: { N: '1790000000000' },
    name: { S: 'Adelheid Müller-Lüdenscheidt' },
    email: { S: 'adelheid@example.com' },
    total: { N: '59.70' },
    paid: { BOOL: true },
    address: { M: { street: { S: 'Am Kanal 7' }, city: { S: 'Utrecht' }, zip: { S: '3512' } } },
    lines: { L: [line, line, line] },
    label: { B: new Uint8Array((bytes - fixed) >> 1).fill(7) },
    notes: { S: 'x'.repeat((bytes - fixed) >> 1) },
  } satisfies Item
}

function shapeOf(plain: Item, encrypted: Item, signed: boolean, hierarchical: boolean) {
  const header = bytesOf(encrypted, 'aws_dbe_head')
  const values = Object.keys(plain)
    .filter((name) => !keyNames.includes(name))
    // What is stored of an attribute: two bytes of type, the ciphertext and a tag.
    .map((name) => new Uint8Array(bytesOf(encrypted, name).length - 2 - 16))
  // What is signed: the header, the context (which is about as long without its keys), and each attribute with
  // its path, length, kind and type.
  const signedLength = values.reduce((sum, value) => sum + value.length + 80, 1.5 * header.length)
  return { signed, hierarchical, header, encrypted: values, record: new Uint8Array(signedLength) }
}

function bytesOf(item: Item, name: string): Uint8Array {
  const bytes = item[name]?.B
  if (!bytes) throw new Error(`unreachable: an encrypted item has ${name}`)
  return bytes
}

async function encryptOne(keyring: Keyring): Promise<void> {
  const encryptor = new DynamoDbItemEncryptor({
    logicalTableName: 'orders',
    partitionKeyName: 'customer',
    attributeActionsOnEncrypt: { customer: 'SIGN_ONLY' },
    keyring,
  })
  const { item } = await encryptor.encryptItem({ customer: { S: 'c-1' } })
  await encryptor.decryptItem(item)
}
