// Moves a branch key to another KMS key. No message is read or written: only the records of the branch key
// are wrapped anew, and everything that was ever encrypted under it opens by the new KMS key.
import { DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient, EnvelopeError } from 'waxseal'
import {
  BranchKeyStore,
  HierarchicalKeyring,
  InMemoryKeyStorage,
  type KmsConfiguration,
} from 'waxseal/hierarchical'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const [oldArn, newArn] = [await kms.createKey(), await kms.createKey()]
const storage = new InMemoryKeyStorage()

function keyStoreWith(kmsConfiguration: KmsConfiguration): BranchKeyStore {
  const logicalKeyStoreName = 'app-keys'
  return new BranchKeyStore({ client: kmsClient, kmsConfiguration, logicalKeyStoreName, storage })
}
function clientWith(kmsConfiguration: KmsConfiguration, branchKeyId: string): EnvelopeClient {
  const keyStore = keyStoreWith(kmsConfiguration)
  return new EnvelopeClient({
    keyring: new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 60_000 }),
  })
}
async function printText(when: string, client: EnvelopeClient, message: Uint8Array): Promise<void> {
  const { plaintext } = await client.decrypt(message)
  console.log(`${when}: ${new TextDecoder().decode(plaintext)}`)
}

// How it was: a branch key of two versions under the old KMS key, and a message.
const oldStore = keyStoreWith({ type: 'key', keyArn: oldArn })
const { branchKeyId } = await oldStore.createKey()
const { ciphertext } = await clientWith({ type: 'key', keyArn: oldArn }, branchKeyId).encrypt(
  'a message of last year',
)
await oldStore.versionKey({ branchKeyId })

// 1. All processes get a store that takes either KMS key. They read and write as before.
await printText('1. before', clientWith({ type: 'discovery' }, branchKeyId), ciphertext)

// 2. One operator rewraps. If it is interrupted, it is called again and goes on.
const { rewrapped } = await oldStore.rewrapKey({ branchKeyId, to: { keyArn: newArn } })
console.log(`2. ${rewrapped} records rewrapped`)
await printText('2. between', clientWith({ type: 'discovery' }, branchKeyId), ciphertext)

// 3. All processes get the new key's ARN, and the old KMS key is not needed any more.
await kmsClient.send(new DisableKeyCommand({ KeyId: oldArn }))
await printText('3. after', clientWith({ type: 'key', keyArn: newArn }, branchKeyId), ciphertext)

await oldStore.getActiveBranchKey({ branchKeyId }).catch((error: unknown) => {
  if (!EnvelopeError.is(error)) throw error
  console.log(`a store with the old ARN: ${error.code}`)
})

kmsClient.destroy()
await kms.close()
