// A sender who holds only a public RSA key encrypts; the owner of the private key decrypts. The
// sender cannot read back what it wrote, and the error says why.
import { generateKeyPairSync } from 'node:crypto'
import { EnvelopeClient, EnvelopeError, RawRsaKeyring } from 'waxseal'

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 3072,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
// Both sides use the same names and the same padding.
const names = { keyNamespace: 'partner', keyName: 'rsa-2025', padding: 'oaep-sha256' } as const

const sender = new EnvelopeClient({ keyring: new RawRsaKeyring({ ...names, publicKey }) })
const { ciphertext } = await sender.encrypt('for the owner of the private key only')

const owner = new EnvelopeClient({ keyring: new RawRsaKeyring({ ...names, privateKey }) })
const { plaintext } = await owner.decrypt(ciphertext)
console.log(`the owner reads: ${new TextDecoder().decode(plaintext)}`)

try {
  await sender.decrypt(ciphertext)
} catch (error) {
  if (!EnvelopeError.is(error)) throw error
  console.log(`the sender gets ${error.code}`)
  for (const { key, outcome, reason } of error.attempts ?? []) {
    console.log(`  ${key}: ${outcome}: ${reason}`)
  }
}
