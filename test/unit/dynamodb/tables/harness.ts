import { type AttributeValue, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { encryptedTables, type TableEncryptionConfig } from '../../../../src/dynamodb.ts'
import { RawAesKeyring } from '../../../../src/index.ts'
import { DynamoDbEmulator } from '../../../support/dynamodb/emulator.ts'

export type Item = Record<string, AttributeValue>

const keyring = new RawAesKeyring({
  keyNamespace: 'tests',
  keyName: 'orders',
  wrappingKey: new Uint8Array(32).fill(7),
})

/** `id` and `at` are the key, `card` is encrypted, `total` signed, and `:note` anybody's. */
export const orders = {
  logicalTableName: 'orders',
  partitionKeyName: 'id',
  sortKeyName: 'at',
  attributeActionsOnEncrypt: {
    id: 'SIGN_ONLY',
    at: 'SIGN_ONLY',
    card: 'ENCRYPT_AND_SIGN',
    address: 'ENCRYPT_AND_SIGN',
    total: 'SIGN_ONLY',
    ':note': 'DO_NOTHING',
  },
  allowedUnsignedAttributePrefix: ':',
  algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384',
  keyring,
} as const satisfies TableEncryptionConfig

export const ordersTables = () => encryptedTables({ tables: { orders } })

export function order(id: string, more: Item = {}): Item {
  return {
    id: { S: id },
    at: { N: '1' },
    card: { S: `card of ${id}` },
    total: { N: '12.5' },
    ':note': { S: 'unsigned' },
    ...more,
  }
}

export const keyOf = (id: string): Item => ({ id: { S: id }, at: { N: '1' } })

/** The same with plain values. */
export function orderDocument(id: string, more: Record<string, unknown> = {}) {
  return { id, at: 1, card: `card of ${id}`, total: 12.5, ':note': 'unsigned', ...more }
}

/** An emulator with the encrypted table `orders` and `plain`, and clients that do and do not encrypt. */
export async function startTables() {
  const emulator = await DynamoDbEmulator.start()
  const raw = new DynamoDBClient(emulator.clientConfig)
  for (const TableName of ['orders', 'plain']) {
    await raw.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [
          { AttributeName: 'id', AttributeType: 'S' },
          { AttributeName: 'at', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'id', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
  }
  const client = new DynamoDBClient(emulator.clientConfig)
  const tables = ordersTables()
  client.middlewareStack.use(tables)
  const document = DynamoDBDocumentClient.from(client)
  return { emulator, raw, client, document, tables }
}

/** A request as it reached the network. */
interface SentRequest {
  operation: string
  input: Record<string, unknown>
}

/** The body of an answer; an error has its name as `__type`. */
type Answers = (request: SentRequest, sent: number) => object

/** A client of a DynamoDB that answers as it is told, the requests that reached it, and a document client. */
export function fakeDynamoDb(answers: Answers = () => ({})) {
  const sent: SentRequest[] = []
  const requestHandler = {
    handle: async (request: { headers: Record<string, string>; body: string | Uint8Array }) => {
      const operation = request.headers['x-amz-target']?.split('.')[1] ?? ''
      const input = JSON.parse(textOf(request.body)) as Record<string, unknown>
      sent.push({ operation, input })
      const body = answers({ operation, input }, sent.length)
      return {
        response: {
          statusCode: statusOf(body),
          headers: { 'content-type': 'application/x-amz-json-1.0' },
          body: Buffer.from(JSON.stringify(body)),
        },
      }
    },
  }
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: 'http://dynamodb.test',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: requestHandler,
  })
  return { client, document: DynamoDBDocumentClient.from(client), sent }
}

/** 500 of what the SDK retries at once. */
function statusOf(body: object): number {
  if (!('__type' in body)) return 200
  return body.__type === 'InternalServerError' ? 500 : 400
}

function textOf(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body)
}

/** The item as the API has it in JSON, so that fake answers can have it. */
export function asJson(item: Item): object {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      value.B ? { B: Buffer.from(value.B).toString('base64') } : value,
    ]),
  )
}
