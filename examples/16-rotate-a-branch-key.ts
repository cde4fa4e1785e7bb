// Rotates a branch key: new messages are under its new version, and old ones open as before.
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient } from 'waxseal'
import { BranchKeyStore, HierarchicalKeyring, InMemoryKeyStorage } from 'waxseal/hierarchical'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const kmsClient = new KMSClient(kms.clientConfig())
const keyStore = new BranchKeyStore({
  client: kmsClient,
  kmsConfiguration: { type: 'key', keyArn: await kms.createKey() },
  logicalKeyStoreName: 'app-keys',
  storage: new InMemoryKeyStorage(),
})
const created = await keyStore.createKey() // without an id it gets a UUID
const { branchKeyId } = created

/** A client as a process has one: it keeps a version for up to ttlMs, and until then knows no newer one. */
function newClient(): EnvelopeClient {
  return new EnvelopeClient({
    keyring: new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: 60 * 60 * 1000 }),
  })
}

const before = newClient()
const old = await before.encrypt('written before the rotation')

const rotated = await keyStore.versionKey({ branchKeyId })
console.log(`a new version: ${rotated.branchKeyVersion !== created.branchKeyVersion}`)
const active = await keyStore.getActiveBranchKey({ branchKeyId })
console.log(`it is the active one: ${active.branchKeyVersion === rotated.branchKeyVersion}`)
active.destroy() // overwrites the key, which nothing else does for you here

const after = newClient()
const opened = await after.decrypt(old.ciphertext)
console.log(`still opens: ${new TextDecoder().decode(opened.plaintext)}`)

// The process of before has the old version until its ttlMs is over, and reads the new one at once.
const fresh = await after.encrypt('written after the rotation')
const reopened = await before.decrypt(fresh.ciphertext)
console.log(`opens there, too: ${new TextDecoder().decode(reopened.plaintext)}`)

kmsClient.destroy()
await kms.close()
