// A region of KMS goes out in the middle of the work, and no message fails: a FailoverKeyring goes over
// to a replica of the key, and leaves the dead region alone instead of trying it for each message.
import { subscribe } from 'node:diagnostics_channel'
import { EnvelopeClient, FailoverKeyring, type FailoverChange } from 'waxseal'
import { KmsMrkKeyring, kmsClientSupplier } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const primaryArn = await kms.createKey({ region: 'eu-central-1', multiRegion: true })
const replicaArn = await kms.replicateKey(primaryArn, 'eu-west-1')

// Clients with time limits, one a region. Production: kmsClientSupplier() is all that is needed.
const { endpoint, credentials } = kms.clientConfig()
const clientFor = kmsClientSupplier({ clientConfig: { endpoint, credentials } })

function keyringIn(region: string, keyId: string): KmsMrkKeyring {
  const client = clientFor(region)
  if (!client) throw new Error(`No KMS client for ${region}`)
  return new KmsMrkKeyring({ client, keyId })
}

subscribe('waxseal:failover', (message) => {
  const { keyring, state } = message as FailoverChange
  console.log(`${keyring} is ${state}`)
})

const client = new EnvelopeClient({
  keyring: new FailoverKeyring({
    candidates: [keyringIn('eu-central-1', primaryArn), keyringIn('eu-west-1', replicaArn)],
  }),
})

kms.outage('eu-central-1')

let failed = 0
for (let number = 0; number < 100; number++) {
  try {
    const { ciphertext } = await client.encrypt(`message ${number}`)
    await client.decrypt(ciphertext)
  } catch {
    failed += 1
  }
}
console.log(`100 messages encrypted and decrypted, ${failed} failed`)
// All of them the SDK's tries for the first message.
console.log(`${kms.calls({ region: 'eu-central-1' })} calls to the region that is out`)
console.log(`${kms.calls({ region: 'eu-west-1' })} calls to the other one`)

await kms.close()
