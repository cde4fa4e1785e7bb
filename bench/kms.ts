import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import {
  AlgorithmSuiteIdentifier,
  KMS,
  KeyringNode,
  KmsKeyringNode,
  type KmsKeyringNodeInput,
  buildClient,
} from '@aws-crypto/client-node'
import {
  CreateKeyCommand,
  DecryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms'
import { EnvelopeClient } from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import type { Row } from './measure.ts'

const messages = 200

/**
 * Small messages under a KMS key, on a LocalKms in a process of its own: one call each, over HTTP, by
 * the same KMSClient for both libraries. The floor is that call alone.
 */
export async function kmsRows(
  plaintext: Uint8Array,
  targets: Row['targets'],
): Promise<{ rows: Row[]; stop: () => Promise<void> }> {
  const server = spawn(process.execPath, ['dist/cli.js', 'local-kms'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  process.once('exit', () => server.kill()) // also where a row has thrown
  const config = {
    endpoint: await endpointOf(server),
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  }
  const client = new KMSClient(config)
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
  const keyId = KeyMetadata?.Arn
  if (keyId === undefined) throw new Error('unreachable: a key has an ARN')

  const algorithmSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
  const ours = new EnvelopeClient({ keyring: new KmsKeyring({ client, keyId }) })
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY
  const peer = buildClient()
  const peerClient = new KMS(config) // the same client, with a method for each operation
  // Its own types, written for other compiler options, admit neither its client nor its keyring.
  const provider: unknown = () => peerClient
  const clientProvider = provider as NonNullable<KmsKeyringNodeInput['clientProvider']>
  const peerKeyring: unknown = new KmsKeyringNode({ generatorKeyId: keyId, clientProvider })
  if (!(peerKeyring instanceof KeyringNode)) throw new Error('unreachable: it is a keyring')
  const { ciphertext } = await ours.encrypt(plaintext, { algorithmSuite })
  const { CiphertextBlob } = await client.send(
    new GenerateDataKeyCommand({ KeyId: keyId, NumberOfBytes: 32 }),
  )

  const repeat = (work: () => Promise<unknown>) => async (): Promise<void> => {
    for (let message = 0; message < messages; message++) await work()
  }
  return {
    rows: [
      {
        work: '100-byte messages, KMS keyring on LocalKms, 0x0478, encrypt',
        messages,
        targets,
        ours: repeat(() => ours.encrypt(plaintext, { algorithmSuite })),
        peer: repeat(() => peer.encrypt(peerKeyring, plaintext, { suiteId })),
        floor: repeat(() =>
          client.send(new GenerateDataKeyCommand({ KeyId: keyId, NumberOfBytes: 32 })),
        ),
      },
      {
        work: '100-byte messages, KMS keyring on LocalKms, 0x0478, decrypt',
        messages,
        targets,
        ours: repeat(() => ours.decrypt(ciphertext)),
        peer: repeat(() => peer.decrypt(peerKeyring, ciphertext)),
        floor: repeat(() => client.send(new DecryptCommand({ KeyId: keyId, CiphertextBlob }))),
      },
    ],
    stop: async () => {
      client.destroy()
      peerClient.destroy()
      server.kill()
      if (server.exitCode === null) await once(server, 'exit')
    },
  }
}

/** Where the server listens, by the first line that it writes. */
async function endpointOf({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('unreachable: the output is a pipe')
  for await (const line of createInterface({ input: stdout })) {
    const endpoint = /http:\/\/\S+/.exec(line)?.[0]
    if (endpoint !== undefined) return endpoint
  }
  throw new Error('the local KMS did not start')
}
