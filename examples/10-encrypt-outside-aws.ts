// A sender without an AWS account encrypts under an RSA key of KMS: it has the public key, and makes no
// call. Only those who may call KMS with that key can decrypt.
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient } from 'waxseal'
import { KmsRsaKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const keyId = await kms.createKey({ keySpec: 'RSA_3072' })
const kmsClient = new KMSClient(kms.clientConfig())
const encryptionAlgorithm = 'RSAES_OAEP_SHA_256'

// Once, by someone in AWS: the public key as PEM, to hand out together with the key's ARN.
const answer = await kmsClient.send(new GetPublicKeyCommand({ KeyId: keyId }))
const base64 = Buffer.from(answer.PublicKey ?? []).toString('base64')
const publicKey = `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`
kms.resetCalls()

// The sender. A signature would prove nothing, since anyone may have the public key.
const sender = new EnvelopeClient({
  keyring: new KmsRsaKeyring({ keyId, publicKey, encryptionAlgorithm }),
})
const { ciphertext } = await sender.encrypt('from outside of AWS', {
  encryptionContext: { form: 'application' },
  algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
})
console.log(`calls of KMS to encrypt: ${kms.calls()}`)

// The recipient.
const recipient = new EnvelopeClient({
  keyring: new KmsRsaKeyring({ client: kmsClient, keyId, encryptionAlgorithm }),
})
const { plaintext } = await recipient.decrypt(ciphertext, {
  encryptionContext: { form: 'application' },
})
console.log(`calls of KMS to decrypt: ${kms.calls()}`)
console.log(`the recipient reads: ${new TextDecoder().decode(plaintext)}`)

kmsClient.destroy()
await kms.close()
