// Each tenant's messages are under a branch key of the tenant. To write them, KMS is called once a tenant and
// hour, however many there are, and each message still has a data key of its own.
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient, EnvelopeError } from 'waxseal'
import { BranchKeyStore, HierarchicalKeyring, InMemoryKeyStorage } from 'waxseal/hierarchical'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const keyStore = new BranchKeyStore({
  client: kmsClient,
  kmsConfiguration: { type: 'key', keyArn: await kms.createKey() },
  logicalKeyStoreName: 'tenant-keys',
  // Production: new DynamoDbKeyStorage({ client, tableName }). Both clients need time limits:
  // docs/guides/hierarchical-keyring.md
  storage: new InMemoryKeyStorage(),
})

// When a tenant signs up. The context is bound to the branch key for good.
for (const tenant of ['acme', 'globex']) {
  await keyStore.createKey({ branchKeyId: `tenant-${tenant}`, encryptionContext: { tenant } })
}
kms.resetCalls()

const client = new EnvelopeClient({
  keyring: new HierarchicalKeyring({
    keyStore,
    ttlMs: 60 * 60 * 1000,
    // Asked for each message. On decryption it gets the context that the message claims.
    branchKeyIdSupplier: ({ tenant }) => {
      if (tenant === undefined) throw new Error('the encryption context has no tenant')
      return `tenant-${tenant}`
    },
  }),
  // A stranger's message could have thousands, each of which costs a read of the table.
  maxEncryptedDataKeys: 1,
})

const messages: Uint8Array[] = []
for (let number = 0; number < 100; number++) {
  const { ciphertext } = await client.encrypt(`order ${number}`, {
    // Other than with a caching CMM, it may have what is different in each message.
    encryptionContext: { tenant: number % 2 === 0 ? 'acme' : 'globex', order: String(number) },
  })
  messages.push(ciphertext)
}
console.log(`${messages.length} messages written, calls of KMS: ${kms.calls()}`)

const [order0] = messages
if (order0 === undefined) throw new Error('There is no message')
const { plaintext } = await client.decrypt(order0, { encryptionContext: { tenant: 'acme' } })
console.log(`acme reads: ${new TextDecoder().decode(plaintext)}`)

await client
  .decrypt(order0, { encryptionContext: { tenant: 'globex' } })
  .catch((error: unknown) => {
    if (!EnvelopeError.is(error)) throw error
    console.log(`globex reads: ${error.code}`)
  })

// A tenant that has not signed up has no branch key.
await client
  .encrypt('order', { encryptionContext: { tenant: 'initech' } })
  .catch((error: unknown) => {
    if (!EnvelopeError.is(error)) throw error
    console.log(`initech writes: ${error.code}: ${error.message}`)
  })

kmsClient.destroy()
await kms.close()
