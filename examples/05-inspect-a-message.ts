// Prints what a message says of itself. No key is needed, and nothing printed is authenticated: show
// it, but decide nothing by it. With a path as argument it inspects that file.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { EnvelopeClient, RawAesKeyring, inspectMessage } from 'waxseal'

const path = process.argv[2]
const header = inspectMessage(path === undefined ? await makeMessage() : await readFile(path))

console.log(`message format: ${header.version}`)
console.log(`algorithm suite: ${header.algorithmSuite}`)
console.log(`message id: ${Buffer.from(header.messageId).toString('hex')}`)
console.log(`body: ${header.contentType}, frames of ${header.frameLength} bytes`)
console.log(`body begins at byte ${header.headerLength}`)
for (const [key, value] of Object.entries(header.encryptionContext)) {
  console.log(`context: ${key} = ${value}`)
}
for (const { providerId, providerInfo, ciphertext } of header.encryptedDataKeys) {
  // For KMS the provider info is the key's ARN; a raw AES keyring puts binary fields behind the name.
  const arn = providerId === 'aws-kms' ? `, ${Buffer.from(providerInfo).toString()}` : ''
  console.log(`encrypted data key: ${ciphertext.length} bytes, provider ${providerId}${arn}`)
}

async function makeMessage(): Promise<Uint8Array> {
  const wrappingKey = randomBytes(32)
  const client = new EnvelopeClient({
    keyring: new RawAesKeyring({ keyNamespace: 'examples', keyName: 'key-1', wrappingKey }),
  })
  const { ciphertext } = await client.encrypt('hello', { encryptionContext: { tenant: 'acme' } })
  return ciphertext
}
