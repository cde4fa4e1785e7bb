// Wraps one data key under KMS keys of two regions, so that a message still opens when one of the
// regions cannot be reached. One LocalKms stands in for both: a client's region says which keys it sees.
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient, MultiKeyring } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const frankfurt = new KMSClient(kms.clientConfig('eu-central-1'))
const ireland = new KMSClient(kms.clientConfig('eu-west-1'))
const frankfurtKey = await kms.createKey({ region: 'eu-central-1' })
const irelandKey = await kms.createKey({ region: 'eu-west-1' })

// kmsMultiKeyring({ generator: frankfurtKey, keyIds: [irelandKey] }) would make the clients, too.
const client = new EnvelopeClient({
  keyring: new MultiKeyring({
    // Generates the data key, and is asked first on decrypt.
    generator: new KmsKeyring({ client: frankfurt, keyId: frankfurtKey }),
    children: [new KmsKeyring({ client: ireland, keyId: irelandKey })],
  }),
})

const { ciphertext, header } = await client.encrypt('survives an outage')
for (const { providerInfo } of header.encryptedDataKeys) {
  console.log(`wrapped under ${new TextDecoder().decode(providerInfo)}`)
}

kms.outage('eu-central-1')
const { plaintext } = await client.decrypt(ciphertext)
console.log(`without the first region: ${new TextDecoder().decode(plaintext)}`)

frankfurt.destroy()
ireland.destroy()
await kms.close()
