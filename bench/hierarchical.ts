import { BranchKeyStoreNode } from '@aws-crypto/branch-keystore-node'
import { KeyringNode } from '@aws-crypto/client-node'
import { KmsHierarchicalKeyRingNode } from '@aws-crypto/kms-keyring-node'
import {
  type AttributeValue,
  DynamoDBClient,
  type GetItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { EnvelopeClient } from 'waxseal'
import {
  type BranchKeyRecord,
  BranchKeyStore,
  HierarchicalKeyring,
  InMemoryKeyStorage,
} from 'waxseal/hierarchical'
import { ourSuites, peerClient, peerSuites } from './clients.ts'
import { floorHierarchicalDecrypt, floorHierarchicalEncrypt, sealFrames } from './floor.ts'
import { LocalKmsProcess } from './local-kms.ts'
import { type Row, repeated, repeatedAtOnce } from './measure.ts'

const messages = 2000
const ttlSeconds = 60 * 60
const logicalKeyStoreName = 'bench'

/**
 * Small messages under one branch key, which both libraries have read from the same record and unwrapped
 * by the same KMS before the first round ends.
 */
export async function hierarchicalRows(
  plaintext: Uint8Array,
  targets: Row['targets'],
): Promise<Row[]> {
  const localKms = await LocalKmsProcess.start()
  const client = localKms.client()
  const storage = new InMemoryKeyStorage()
  const keyStore = new BranchKeyStore({
    client,
    kmsConfiguration: { type: 'key', keyArn: localKms.keyId },
    logicalKeyStoreName,
    storage,
  })
  const { branchKeyId } = await keyStore.createKey()
  const keyring = new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs: ttlSeconds * 1000 })
  const ours = new EnvelopeClient({ keyring })
  const peerKeyring: unknown = new KmsHierarchicalKeyRingNode({
    branchKeyId,
    cacheLimitTtl: ttlSeconds,
    keyStore: new BranchKeyStoreNode({
      logicalKeyStoreName,
      storage: { ddbTableName: 'bench', ddbClient: tableOf(storage) },
      keyManagement: { kmsClient: client },
      kmsConfiguration: { identifier: localKms.keyId },
    }),
  })
  // Its own types, written for other compiler options, don't admit its keyring.
  if (!(peerKeyring instanceof KeyringNode)) throw new Error('unreachable: it is a keyring')

  const ourOptions = { algorithmSuite: ourSuites.unsigned }
  const peerOptions = { suiteId: peerSuites.unsigned }
  const { ciphertext } = await ours.encrypt(plaintext, ourOptions)
  const warm = await peerClient.encrypt(peerKeyring, plaintext, peerOptions)
  await ours.decrypt(warm.result) // each reads what the other wrote
  await peerClient.decrypt(peerKeyring, ciphertext)
  client.destroy()
  await localKms.stop() // from here on nobody can ask KMS

  const [frame] = sealFrames(plaintext, plaintext.length)
  if (!frame) throw new Error('unreachable: a message has a frame')
  const work = '100-byte messages, hierarchical keyring, 0x0478'
  return [
    {
      work: `${work}, encrypt`,
      messages,
      targets,
      ours: repeated(messages, () => ours.encrypt(plaintext, ourOptions)),
      peer: repeated(messages, () => peerClient.encrypt(peerKeyring, plaintext, peerOptions)),
      floor: repeatedAtOnce(messages, () => {
        floorHierarchicalEncrypt(plaintext)
      }),
    },
    {
      work: `${work}, decrypt`,
      messages,
      targets,
      ours: repeated(messages, () => ours.decrypt(ciphertext)),
      peer: repeated(messages, () => peerClient.decrypt(peerKeyring, ciphertext)),
      floor: repeatedAtOnce(messages, () => {
        floorHierarchicalDecrypt(frame)
      }),
    },
  ]
}

/** The storage as the table that AWS's key store wants: its reads alone, which are all that it needs. */
function tableOf(storage: InMemoryKeyStorage): DynamoDBClient {
  const table = new DynamoDBClient({ region: 'us-east-1' })
  const send = async ({ input }: { input: GetItemCommandInput }): Promise<object> => {
    const id = input.Key?.['branch-key-id']?.S ?? ''
    const type = input.Key?.['type']?.S
    const record = (await storage.list(id)).find((candidate) => candidate.type === type)
    return record ? { Item: itemOf(record) } : {}
  }
  return Object.assign(table, { send })
}

function itemOf(record: BranchKeyRecord): Record<string, AttributeValue> {
  const item: Record<string, AttributeValue> = {
    'branch-key-id': { S: record.branchKeyId },
    type: { S: record.type },
    enc: { B: record.ciphertext },
  }
  for (const [name, value] of Object.entries(record.attributes)) {
    item[name] = name === 'hierarchy-version' ? { N: value } : { S: value }
  }
  return item
}
