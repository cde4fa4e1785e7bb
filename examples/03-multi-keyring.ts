// Wraps one data key under KMS keys of two regions, so that a message still opens when one of the
// regions cannot be reached. Two LocalKms stand in for the regions.
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient, MultiKeyring } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const frankfurt = await LocalKms.start({ region: 'eu-central-1' })
const ireland = await LocalKms.start({ region: 'eu-west-1' })

// One attempt instead of the SDK's three, so that the outage below shows at once.
const client1 = new KMSClient({ ...frankfurt.clientConfig(), maxAttempts: 1 })
const client2 = new KMSClient(ireland.clientConfig())

const client = new EnvelopeClient({
  keyring: new MultiKeyring({
    // Generates the data key, and is asked first on decrypt.
    generator: new KmsKeyring({ client: client1, keyId: await frankfurt.createKey() }),
    children: [new KmsKeyring({ client: client2, keyId: await ireland.createKey() })],
  }),
})

const { ciphertext, header } = await client.encrypt('survives an outage')
for (const { providerInfo } of header.encryptedDataKeys) {
  console.log(`wrapped under ${new TextDecoder().decode(providerInfo)}`)
}

await frankfurt.close() // the outage
const { plaintext } = await client.decrypt(ciphertext)
console.log(`without the first region: ${new TextDecoder().decode(plaintext)}`)

client1.destroy()
client2.destroy()
await ireland.close()
