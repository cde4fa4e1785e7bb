import { readFile, writeFile } from 'node:fs/promises'
import { inspectMessage } from '../../../src/index.ts'
import { DynamoDbKeyStorage } from '../../../src/hierarchical.ts'
import {
  type BranchKeyFixture,
  type BranchKeyFixtures,
  branchKeyFixturesFile,
  branchKeyFixturesKeysFile,
} from '../../support/branch-key-fixtures.ts'
import { fixturePath } from '../../support/peer-fixtures.ts'
import { asciiJson } from '../live/fixtures.ts'
import { encryptionContexts, plaintexts } from '../live/variations.ts'
import type { BranchKeyExchange, WrittenMessage } from './exchange.ts'
import type { MadeKey } from './keys.ts'
import type { Clients, ParticipantName } from './participant.ts'
import { branchKeyState } from './records.ts'

/** Of whom messages are kept. */
const writers: readonly ParticipantName[] = ['Python', 'Java']

/** Keeps branch keys of AWS's libraries and some messages, and the keys of the LocalKms. */
export async function writeBranchKeyFixtures(
  { messages, versions }: BranchKeyExchange,
  clients: Clients,
  storePath: string,
): Promise<void> {
  const kept = keptMessages(messages)
  const keys = [...new Set(kept.map(({ key }) => key))]
  const [first] = keys
  if (!first) throw new Error('There are no messages to keep')
  const document: BranchKeyFixtures = {
    about:
      'Test keys, which protect nothing, and messages under them. npm run test:interop writes it',
    'made by': Object.fromEntries(
      [...versions].filter(([name]) => keys.some(({ creator }) => creator === name)),
    ),
    logicalKeyStoreName: first.createdWith.logicalKeyStoreName,
    encryptionContexts,
    branchKeys: [],
    messages: kept.map(({ key, writer, variation, message }) => ({
      writer,
      branchKeyId: key.branchKeyId,
      branchKeyVersion: versionOf(message),
      suite: variation.suite,
      length: plaintexts[variation.plaintext].length,
      context: variation.context,
      message,
    })),
  }
  for (const key of keys) document.branchKeys.push(await branchKey(key, clients))
  await writeFile(fixturePath(branchKeyFixturesFile), asciiJson(document))
  // Not by copyFile, which keeps the store's mode: these keys are no secret.
  await writeFile(fixturePath(branchKeyFixturesKeysFile), await readFile(storePath))
}

/** Under branch keys of AWS's libraries: of each writer the first of each suite, and all under a first version. */
function keptMessages(messages: readonly WrittenMessage[]): WrittenMessage[] {
  const seen = new Set<string>()
  return messages.filter(({ key, writer, variation, message }, index) => {
    if (!writers.includes(writer) || key.creator === 'waxseal') return false
    const id = [writer, variation.suite].join()
    const isOfLast = messages.slice(index).every((later) => {
      return later.key !== key || versionOf(later.message) === versionOf(message)
    })
    if (isOfLast && seen.has(id)) return false
    if (isOfLast) seen.add(id)
    return true
  })
}

async function branchKey(key: MadeKey, clients: Clients): Promise<BranchKeyFixture> {
  const { creator, versioner, branchKeyId, createdWith, encryptionContext = {} } = key
  const { kmsConfiguration, tableName, tableRegion } = createdWith
  const state = await branchKeyState(key, clients)
  const client = clients.dynamoDbOf(tableRegion)
  const records = await new DynamoDbKeyStorage({ client, tableName }).list(branchKeyId)
  return {
    creator,
    versioner,
    branchKeyId,
    keyArn: 'keyArn' in kmsConfiguration ? kmsConfiguration.keyArn : '',
    encryptionContext: { ...encryptionContext },
    versions: Object.fromEntries([...state.versions].map(([id, { key: bytes }]) => [id, bytes])),
    active: state.active.branchKeyVersion ?? '',
    beaconKey: state.beacon.key,
    records: records.map(({ type, ciphertext, attributes }) => ({
      type,
      ciphertext: Buffer.from(ciphertext).toString('base64'),
      attributes: { ...attributes },
    })),
  }
}

/** The UUID behind salt and nonce in the encrypted data key. */
function versionOf(message: string): string {
  const [key] = inspectMessage(Buffer.from(message, 'base64')).encryptedDataKeys
  const hex = Buffer.from(key?.ciphertext ?? []).toString('hex', 28, 44)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
