// Two sides agree on wrapping keys by ECDH: a partner with a key pair of its own, and a company whose
// key pair is in KMS. Neither ever sends a secret, and the partner needs no AWS account.
import { generateKeyPairSync } from 'node:crypto'
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient, EnvelopeError, RawEcdhKeyring } from 'waxseal'
import { KmsEcdhKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start()
const keyId = await kms.createKey({ keySpec: 'ECC_NIST_P256', keyUsage: 'KEY_AGREEMENT' })
const kmsClient = new KMSClient(kms.clientConfig())
const curve = 'P-256'

const partnerKeys = generateKeyPairSync('ec', { namedCurve: curve })
const answer = await kmsClient.send(new GetPublicKeyCommand({ KeyId: keyId }))
const companyPublicKey = answer.PublicKey ?? new Uint8Array() // goes to the partner, once

// `static`: both key pairs are known. What opens was written by one of the two.
const partner = new EnvelopeClient({
  keyring: new RawEcdhKeyring({
    curve,
    schema: {
      type: 'static',
      senderPrivateKey: partnerKeys.privateKey,
      recipientPublicKey: companyPublicKey,
    },
  }),
})
const company = new EnvelopeClient({
  keyring: new KmsEcdhKeyring({
    client: kmsClient,
    curve,
    schema: { type: 'static', senderKeyId: keyId, recipientPublicKey: partnerKeys.publicKey },
  }),
})
const order = await partner.encrypt('from the partner')
console.log(`the company reads: ${text(await company.decrypt(order.ciphertext))}`)
const reply = await company.encrypt('from the company')
console.log(`the partner reads: ${text(await partner.decrypt(reply.ciphertext))}`)

// `ephemeral`: anyone can write to the company. The partner's keyring does not take it for the partner's.
const stranger = new EnvelopeClient({
  keyring: new RawEcdhKeyring({
    curve,
    schema: { type: 'ephemeral', recipientPublicKey: companyPublicKey },
  }),
})
const letter = await stranger.encrypt('from whomever')
await company.decrypt(letter.ciphertext).catch((error: unknown) => {
  if (!EnvelopeError.is(error)) throw error
  console.log(`as the partner's: ${error.code}`)
})

// `discovery`: the company reads what was sent to its key, from whomever.
const letterbox = new EnvelopeClient({
  keyring: new KmsEcdhKeyring({
    client: kmsClient,
    curve,
    schema: { type: 'discovery', recipientKeyId: keyId },
  }),
})
console.log(`the letterbox reads: ${text(await letterbox.decrypt(letter.ciphertext))}`)

kmsClient.destroy()
await kms.close()

function text({ plaintext }: { plaintext: Uint8Array }): string {
  return new TextDecoder().decode(plaintext)
}
