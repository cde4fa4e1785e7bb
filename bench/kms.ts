import {
  AlgorithmSuiteIdentifier,
  KMS,
  KeyringNode,
  KmsKeyringNode,
  type KmsKeyringNodeInput,
  buildClient,
} from '@aws-crypto/client-node'
import { DecryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms'
import { EnvelopeClient } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKmsProcess } from './local-kms.ts'
import { type Row, repeated } from './measure.ts'

const messages = 200

/**
 * Small messages under a KMS key, on a LocalKms in a process of its own: one call each, over HTTP, by
 * the same KMSClient for both libraries. The floor is that call alone.
 */
export async function kmsRows(
  plaintext: Uint8Array,
  targets: Row['targets'],
): Promise<{ rows: Row[]; stop: () => Promise<void> }> {
  const localKms = await LocalKmsProcess.start()
  const { keyId } = localKms
  const client = localKms.client()

  const algorithmSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
  const ours = new EnvelopeClient({ keyring: new KmsKeyring({ client, keyId }) })
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
  const peer = buildClient()
  const peerClient = new KMS(localKms.config) // the same client, with a method for each operation
  // Its own types, written for other compiler options, admit neither its client nor its keyring.
  const provider: unknown = () => peerClient
  const clientProvider = provider as NonNullable<KmsKeyringNodeInput['clientProvider']>
  const peerKeyring: unknown = new KmsKeyringNode({ generatorKeyId: keyId, clientProvider })
  if (!(peerKeyring instanceof KeyringNode)) throw new Error('unreachable: it is a keyring')
  const { ciphertext } = await ours.encrypt(plaintext, { algorithmSuite })
  const { CiphertextBlob } = await client.send(
    new GenerateDataKeyCommand({ KeyId: keyId, NumberOfBytes: 32 }),
  )

  return {
    rows: [
      {
        work: '100-byte messages, KMS keyring on LocalKms, 0x0478, encrypt',
        messages,
        targets,
        ours: repeated(messages, () => ours.encrypt(plaintext, { algorithmSuite })),
        peer: repeated(messages, () => peer.encrypt(peerKeyring, plaintext, { suiteId })),
        floor: repeated(messages, () =>
          client.send(new GenerateDataKeyCommand({ KeyId: keyId, NumberOfBytes: 32 })),
        ),
      },
      {
        work: '100-byte messages, KMS keyring on LocalKms, 0x0478, decrypt',
        messages,
        targets,
        ours: repeated(messages, () => ours.decrypt(ciphertext)),
        peer: repeated(messages, () => peer.decrypt(peerKeyring, ciphertext)),
        floor: repeated(messages, () =>
          client.send(new DecryptCommand({ KeyId: keyId, CiphertextBlob })),
        ),
      },
    ],
    stop: async () => {
      client.destroy()
      peerClient.destroy()
      await localKms.stop()
    },
  }
}
