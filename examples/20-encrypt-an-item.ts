// Encrypts single items of a DynamoDB table, wherever they go then: the key stays readable, the card number
// does not, and what is signed cannot be changed or moved to another item unnoticed. No table is needed for this.
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeError } from 'waxseal'
import { DynamoDbItemEncryptor } from 'waxseal/dynamodb'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig()) // production: new KMSClient({})
const encryptor = new DynamoDbItemEncryptor({
  logicalTableName: 'customers', // bound to every item, for good
  partitionKeyName: 'id',
  attributeActionsOnEncrypt: {
    id: 'SIGN_ONLY',
    country: 'SIGN_ONLY', // readable, so that it can be filtered by
    card: 'ENCRYPT_AND_SIGN',
    tags: 'ENCRYPT_AND_SIGN', // of any type
    ':visits': 'DO_NOTHING', // a counter that UpdateItem may change
  },
  allowedUnsignedAttributes: [':visits'],
  keyring: new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() }),
})

// Values as DynamoDBDocumentClient has them …
const customer = { id: '4711', country: 'NL', card: '4111 1111', tags: ['vip'], ':visits': 3 }
const { item: stored } = await encryptor.encryptDocument(customer)
console.log(`stored: ${Object.keys(stored).sort().join(', ')}`)
console.log(`the card is bytes: ${stored['card'] instanceof Uint8Array}`)

const opened = await encryptor.decryptDocument(stored)
console.log(`read: ${JSON.stringify(opened.item)}`)
console.log(`the card was: ${opened.header?.attributeActions['card']}`)

// … and as DynamoDBClient has them.
const { item } = await encryptor.encryptItem({ id: { S: '4712' }, card: { S: '5555 5555' } })
const plain = await encryptor.decryptItem(item)
console.log(`read: ${JSON.stringify(plain.item)}`)

async function printError(what: string, work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!EnvelopeError.is(error)) throw error
    console.log(`${what}: ${error.code}`)
  })
}
const moved = { ...stored, id: '4712' }
await printError('the card under another id', encryptor.decryptDocument(moved))
const changed = { ...stored, country: 'DE' }
await printError('another country', encryptor.decryptDocument(changed))

kmsClient.destroy()
await kms.close()
