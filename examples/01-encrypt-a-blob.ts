// Encrypts a blob that is too large for KMS itself (its limit is 4,096 bytes) and decrypts it again.
// LocalKms stands in for AWS KMS; for production, see the comment below.
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const keyId = await kms.createKey({ alias: 'alias/invoices' })

// Production: new KMSClient({ region: 'eu-central-1' }), and the ARN of your key as keyId.
const kmsClient = new KMSClient(kms.clientConfig())
const client = new EnvelopeClient({ keyring: new KmsKeyring({ client: kmsClient, keyId }) })

const invoice = JSON.stringify({ number: 'R-1001', lines: Array(500).fill('1 × hosting') })
const encryptionContext = { tenant: 'acme', purpose: 'invoice' }
const { ciphertext } = await client.encrypt(invoice, { encryptionContext })

// The pairs given here have to be in the message, or it does not open.
const { plaintext } = await client.decrypt(ciphertext, { encryptionContext: { tenant: 'acme' } })

const same = new TextDecoder().decode(plaintext) === invoice
console.log(`${plaintext.length} bytes in a message of ${ciphertext.length}; the same: ${same}`)

kmsClient.destroy()
await kms.close()
