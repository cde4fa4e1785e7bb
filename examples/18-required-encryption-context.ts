// Pairs of the encryption context that are bound to each message and not stored in it: who decrypts has to
// know them. The customer's number does not stand in the bucket, and a message of another does not open.
import { KMSClient } from '@aws-sdk/client-kms'
import {
  EnvelopeClient,
  EnvelopeError,
  RequiredEncryptionContextCmm,
  inspectMessage,
} from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const keyring = new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() })
const client = new EnvelopeClient({
  cmm: new RequiredEncryptionContextCmm({ requiredKeys: ['customer'], keyring }),
})

const { ciphertext } = await client.encrypt('balance: 12', {
  encryptionContext: { customer: '4711', table: 'accounts' },
})
const { encryptionContext: stored } = inspectMessage(ciphertext)
console.log(`stored: table = ${stored['table']}, customer = ${stored['customer']}`)

const opened = await client.decrypt(ciphertext, { encryptionContext: { customer: '4711' } })
console.log(`opened: ${new TextDecoder().decode(opened.plaintext)}`)
console.log(`authenticated: customer = ${opened.encryptionContext['customer']}`)

async function printError(what: string, work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!EnvelopeError.is(error)) throw error
    console.log(`${what}: ${error.code}`)
  })
}
await printError('decrypted without the customer', client.decrypt(ciphertext))
await printError(
  'decrypted for another customer',
  client.decrypt(ciphertext, { encryptionContext: { customer: '4712' } }),
)
await printError('encrypted without the customer', client.encrypt('balance: 12'))

kmsClient.destroy()
await kms.close()
