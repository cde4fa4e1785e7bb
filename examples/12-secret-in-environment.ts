// A small secret, such as a database password: encrypted once by a script, kept as base64 in an
// environment variable, and opened at start-up. Who can read the variable, in a dashboard or a crash
// report, has nothing without the right to use the KMS key.
import { KMSClient } from '@aws-sdk/client-kms'
import { EnvelopeClient, EnvelopeError } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const kms = await LocalKms.start() // production: new KMSClient({ region }) and your key's ARN
const kmsClient = new KMSClient(kms.clientConfig())
const keyring = new KmsKeyring({ client: kmsClient, keyId: await kms.createKey() })
const client = new EnvelopeClient({ keyring, maxEncryptedDataKeys: 1 })

/** Names the place of a value, so that it opens nowhere else. */
function contextOf(variable: string): Record<string, string> {
  return { app: 'shop', variable }
}

/** The script: run once by hand, and its output put where the environment is configured. */
async function sealForEnvironment(variable: string, value: string): Promise<string> {
  const { ciphertext } = await client.encrypt(value, {
    encryptionContext: contextOf(variable),
    algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY', // unsigned: 200 bytes shorter
  })
  return Buffer.from(ciphertext).toString('base64')
}

/** At start-up. Fails with one sentence that names the variable and never shows its value. */
async function openFromEnvironment(variable: string): Promise<string> {
  const sealed = process.env[variable]
  if (!sealed) throw new Error(`The environment variable ${variable} is missing or empty`)
  try {
    const { plaintext } = await client.decrypt(Buffer.from(sealed, 'base64'), {
      encryptionContext: contextOf(variable),
    })
    return new TextDecoder().decode(plaintext)
  } catch (cause) {
    const code = EnvelopeError.is(cause) ? cause.code : 'unknown error'
    throw new Error(`The environment variable ${variable} does not open: ${code}`, { cause })
  }
}

const sealed = await sealForEnvironment('DATABASE_PASSWORD', 'correct horse battery staple')
console.log(`${sealed.length} characters for the environment`)

process.env['DATABASE_PASSWORD'] = sealed
const password = await openFromEnvironment('DATABASE_PASSWORD')
console.log(`opened a password of ${password.length} characters`)

// What goes wrong in practice: not set, put in another variable's place, cut short when it was copied.
process.env['API_TOKEN'] = sealed
process.env['DATABASE_PASSWORD'] = sealed.slice(0, -20)
for (const variable of ['SMTP_PASSWORD', 'API_TOKEN', 'DATABASE_PASSWORD']) {
  await openFromEnvironment(variable).catch((error: unknown) => {
    console.log(String(error))
  })
}

kmsClient.destroy()
await kms.close()
