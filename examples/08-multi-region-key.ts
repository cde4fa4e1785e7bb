// Encrypts in one region and decrypts in another, under a multi-Region key. Each side calls KMS in its
// own region only; LocalKms counts the calls.
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient } from 'waxseal'
import { KmsMrkKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const primaryArn = await kms.createKey({ region: 'eu-central-1', multiRegion: true })
const replicaArn = await kms.replicateKey(primaryArn, 'eu-west-1')

/** A client of the application as it runs in one region: with the ARN that the key has there. */
function clientIn(region: string, keyId: string): EnvelopeClient {
  const kmsClient = new KMSClient(kms.clientConfig(region))
  return new EnvelopeClient({ keyring: new KmsMrkKeyring({ client: kmsClient, keyId }) })
}

function printCalls(when: string): void {
  const [frankfurt, ireland] = ['eu-central-1', 'eu-west-1'].map((region) => kms.calls({ region }))
  console.log(`${when}; calls in Frankfurt: ${frankfurt}, in Ireland: ${ireland}`)
  kms.resetCalls()
}

const inFrankfurt = clientIn('eu-central-1', primaryArn)
const { ciphertext } = await inFrankfurt.encrypt('written in Frankfurt')
printCalls('encrypted')

const inIreland = clientIn('eu-west-1', replicaArn)
const { plaintext } = await inIreland.decrypt(ciphertext)
printCalls('decrypted')
console.log(`read in Ireland: ${new TextDecoder().decode(plaintext)}`)

await kms.close()
