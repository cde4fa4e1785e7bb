import type { LocalKms } from '../../../src/local-kms/index.ts'
import { type AlgorithmSuiteName, algorithmSuites } from '../../../src/index.ts'
import { contextNames, encryptionContexts, suiteNames } from '../live/variations.ts'
import type { Opening, Program, Sealing } from './programs.ts'

/** How the message goes from one program to the other one. */
type Way = 'pipes' | 'files' | 'folders'

export interface CommandCase {
  /** The row of the table that counts it. */
  readonly group: string
  readonly name: string
  readonly way: Way
  /** Bytes of the plaintext. */
  readonly length: number
  readonly sealing: Sealing
  readonly opening: Opening
  /** A key that KMS has to be asked once for a data key of all messages, and once to decrypt it. */
  readonly cachedKey?: string
  /** What happens to the message on its way. */
  readonly harm?: (message: Buffer) => Buffer
  /** It has to be refused, by each program for a reason that it says in these words. */
  readonly refused?: Readonly<Record<Program['name'], RegExp>>
}

const frameLength = 4096
/** Nothing, less than a frame, full frames, and more than a pipe holds. */
const lengths = [0, 40, 2 * frameLength, 200_000]
const several = 3 * frameLength + 5
const unsigned = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
const withoutCommitment = 'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384'
const context = { purpose: 'interop', tenant: '42' }

/** What is exchanged, in each direction. */
export async function commandCases(kms: LocalKms): Promise<CommandCase[]> {
  const key = await kms.createKey()
  return [
    ...suiteNames.flatMap((suite, index) => ofSuite(suite, index, key)),
    ...base64(key),
    ...(await ofKeys(kms, key)),
    ...(await folders(kms, key)),
    ...ofContexts(key),
    ...(await refusals(kms, key)),
  ]
}

/** Lengths and contexts take turns, so that they do not always meet. */
function ofSuite(suite: AlgorithmSuiteName, index: number, key: string): CommandCase[] {
  const commits = algorithmSuites[suite].commitment
  const contextName = turn(contextNames, index + Math.floor(index / lengths.length))
  const sealing: Sealing = {
    keys: [key],
    suite,
    frameLength,
    context: encryptionContexts[contextName],
    ...(!commits && { policy: 'forbid-encrypt-allow-decrypt' }),
  }
  const opening: Opening = {
    keys: [key],
    ...(!commits && { policy: 'require-encrypt-allow-decrypt' }),
  }
  const length = turn(lengths, index)
  return (['pipes', 'files'] as const).map((way) => ({
    ...{ group: 'each algorithm suite', name: suite, way, length, sealing, opening },
  }))
}

function base64(key: string): CommandCase[] {
  const [sealing, opening] = [{ keys: [key], context, base64: true } as const, { keys: [key] }]
  return (['pipes', 'files'] as const).flatMap((way) =>
    [0, several].map((length) => ({
      ...{ group: 'base64', name: `base64 of ${length} bytes`, way, length, sealing },
      opening: { ...opening, base64: true } as const,
    })),
  )
}

async function ofKeys(kms: LocalKms, key: string): Promise<CommandCase[]> {
  const region = 'eu-west-1'
  const elsewhere = await kms.createKey({ region })
  const third = await kms.createKey()
  const primary = await kms.createKey({ multiRegion: true })
  const replica = await kms.replicateKey(primary, region)
  const account = '000000000000'
  const keys = [key, elsewhere, third]
  const shared = { group: 'several KMS keys, replicas and discovery', way: 'pipes' } as const
  const withContext = (sealing: Sealing) => ({ ...shared, length: several, sealing })
  return [
    ...keys.map((one, index) => ({
      ...withContext({ keys, context }),
      name: `three data keys, read by the one of key ${index + 1}`,
      opening: { keys: [one], maxDataKeys: 3 },
    })),
    {
      ...withContext({ keys: [elsewhere], context }),
      name: 'read by discovery in the region of the key',
      opening: { keys: [], discovery: { account, region } },
    },
    {
      ...withContext({ keys: [primary], mrk: true }),
      name: 'a multi-Region key, read by its replica',
      opening: { keys: [replica], mrk: true },
    },
    {
      ...withContext({ keys: [replica], mrk: true }),
      name: 'a replica, read by discovery in the region of its primary',
      opening: { keys: [], mrk: true, discovery: { account, region: 'us-east-1' } },
    },
  ]
}

async function folders(kms: LocalKms, key: string): Promise<CommandCase[]> {
  const cachedKey = await kms.createKey()
  const caching = { keys: [cachedKey], context, caches: true, folder: true } as const
  const keeps = { keys: [key], context, folder: true, keepsNames: true } as const
  const shared = { group: 'recursive folders, also with caching', way: 'folders' } as const
  const keeping = { keys: [key], folder: true, keepsNames: true } as const
  return [
    {
      ...{ ...shared, name: 'a folder with the suffix of each', length: several },
      sealing: { keys: [key], folder: true },
      opening: { keys: [key], folder: true },
    },
    { ...shared, name: 'a folder without a suffix', length: 40, sealing: keeps, opening: keeping },
    {
      ...{ ...shared, name: 'a folder under one data key, by caching', length: several },
      ...{ cachedKey, sealing: caching },
      opening: { keys: [cachedKey], caches: true, folder: true },
    },
  ]
}

function ofContexts(key: string): CommandCase[] {
  const shared = { group: 'required encryption context', way: 'files', length: 40 } as const
  const sealing = { keys: [key], context }
  const requires = (name: string, opening: Omit<Opening, 'keys'>) => ({
    ...{ ...shared, sealing, name, opening: { ...opening, keys: [key] } },
  })
  return [
    requires('a pair', { requiredPairs: { tenant: '42' } }),
    requires('a key', { requiredKeys: ['purpose'] }),
    requires('a pair and a key', { requiredPairs: { tenant: '42' }, requiredKeys: ['purpose'] }),
    {
      ...requires('another value', { requiredPairs: { tenant: '43' } }),
      refused: { waxseal: /tenant/, 'aws-encryption-cli': notTheContext },
    },
    {
      ...requires('a key that is not there', { requiredKeys: ['team'] }),
      refused: { waxseal: /team/, 'aws-encryption-cli': notTheContext },
    },
  ]
}

const notTheContext = /encryption context did not match/

async function refusals(kms: LocalKms, key: string): Promise<CommandCase[]> {
  const other = await kms.createKey()
  const sealing: Sealing = { keys: [key], suite: unsigned, frameLength }
  const opening: Opening = { keys: [key] }
  const shared = { group: 'refused messages', way: 'files', length: several, sealing } as const
  return [
    {
      ...{ ...shared, group: 'only unsigned messages', name: 'an unsigned one is read' },
      opening: { ...opening, refusesSigned: true },
    },
    {
      ...{ ...shared, group: 'only unsigned messages', name: 'a signed one is refused' },
      sealing: { keys: [key] },
      opening: { ...opening, refusesSigned: true },
      refused: { waxseal: /The message is signed/, 'aws-encryption-cli': /ActionNotAllowedError/ },
    },
    {
      ...{ ...shared, name: 'no commitment, where it is required' },
      sealing: { keys: [key], suite: withoutCommitment, policy: 'forbid-encrypt-allow-decrypt' },
      opening,
      refused: { waxseal: /no key commitment/, 'aws-encryption-cli': /ActionNotAllowedError/ },
    },
    {
      ...{ ...shared, name: 'more data keys than allowed' },
      sealing: { keys: [key, other] },
      opening: { ...opening, maxDataKeys: 1 },
      refused: {
        waxseal: /has 2 encrypted data keys/,
        'aws-encryption-cli': /MaxEncryptedDataKeysExceeded/,
      },
    },
    {
      ...{ ...shared, name: 'longer frames than allowed' },
      opening: { ...opening, maxLength: frameLength - 1 },
      refused: {
        waxseal: /has frames of 4096/,
        'aws-encryption-cli': /CustomMaximumValueExceeded/,
      },
    },
    {
      ...{ ...shared, name: 'under another key' },
      opening: { keys: [other] },
      refused: { waxseal: /could be unwrapped/, 'aws-encryption-cli': /DecryptKeyError/ },
    },
    {
      ...{ ...shared, name: 'a changed byte in the last frame', opening },
      harm: (message) => {
        const at = message.length - 20
        message.writeUInt8(message.readUInt8(at) ^ 1, at)
        return message
      },
      refused: { waxseal: /authentic/, 'aws-encryption-cli': /InvalidTag/ },
    },
    {
      ...{ ...shared, name: 'without its end', opening },
      harm: (message) => message.subarray(0, -frameLength),
      refused: { waxseal: /ends at byte/, 'aws-encryption-cli': /SerializationError/ },
    },
  ]
}

function turn<T>(values: readonly T[], index: number): T {
  const value = values[index % values.length]
  if (value === undefined) throw new Error('There are no values')
  return value
}
