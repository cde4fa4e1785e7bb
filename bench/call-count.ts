import { CachingCmm, EnvelopeClient, LocalCryptoMaterialsCache } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { ourSuites } from './clients.ts'
import type { Finding } from './findings.ts'
import { LocalKmsProcess } from './local-kms.ts'

const messages = 100_000
const contexts = 50
const tasks = 64
const most = 100

/**
 * How often KMS is asked where many tasks encrypt and decrypt at once, with the limits that a caching CMM
 * has by default and one that has none, an age of five minutes.
 */
export async function countCalls(plaintext: Uint8Array): Promise<Finding> {
  const localKms = await LocalKmsProcess.start()
  const client = localKms.client()
  const cmm = new CachingCmm({
    cache: new LocalCryptoMaterialsCache({ capacity: 1000 }),
    keyring: new KmsKeyring({ client, keyId: localKms.keyId }),
    maxAgeMs: 5 * 60 * 1000,
  })
  const envelope = new EnvelopeClient({ cmm })
  let next = 0
  const task = async (): Promise<void> => {
    while (next < messages) {
      const encryptionContext = { tenant: String(next++ % contexts) }
      const { ciphertext } = await envelope.encrypt(plaintext, {
        encryptionContext,
        algorithmSuite: ourSuites.unsigned,
      })
      await envelope.decrypt(ciphertext, { encryptionContext })
    }
  }
  await Promise.all(Array.from({ length: tasks }, task))
  const calls = await localKms.calls()
  client.destroy()
  await localKms.stop()
  return {
    work:
      `KMS calls for ${messages.toLocaleString('en-US')} messages encrypted and decrypted over ${contexts} ` +
      `contexts, in ${tasks} concurrent tasks`,
    figure: String(calls),
    aim: `at most ${most}`,
    reached: calls <= most,
  }
}
