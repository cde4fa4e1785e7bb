import type { Keyring } from '../../keyrings/keyring.ts'
import { MultiKeyring } from '../../keyrings/multi.ts'
import { UsageError } from '../failures.ts'
import { type AwsAccess, AwsClients } from './aws.ts'
import { branchKeyKeyring, discoveryKeyrings, kmsKeyrings } from './kms-keys.ts'
import { localHandler, nowhere } from './local-handler.ts'
import { openLocalKeys } from './local-keys.ts'
import { rawKeyrings } from './raw-keys.ts'
import type { SessionUse } from './session.ts'
import type { KeyringSettings } from './settings.ts'

/** What has to be closed at the end, last first. */
export type Closers = (() => Promise<void> | void)[]

/**
 * The keyring of all the keys that were named: KMS keys first, since one of them is to generate the data key.
 *
 * @param ttlMs how long a branch key is used before it is fetched again.
 * @param closers gets what has to be closed, also if this fails.
 */
export async function keyringOf(
  use: SessionUse,
  settings: KeyringSettings,
  { ttlMs, warn, closers }: { ttlMs: number; warn: (text: string) => void; closers: Closers },
): Promise<Keyring> {
  checkSettings(use, settings)
  const keyrings: Keyring[] = []
  const { kms, kmsDiscovery, branchKey, local } = settings
  const usesAws = kms.length + kmsDiscovery.length > 0 || branchKey !== undefined
  const aws = usesAws ? await openAws(settings, closers) : undefined
  if (aws) keyrings.push(...(await kmsKeyrings(aws, settings)))
  if (local) keyrings.push(await localKeyring(warn, closers))
  keyrings.push(...(await rawKeyrings(use, settings, warn)))
  if (aws && branchKey !== undefined) keyrings.push(await branchKeyKeyring(aws, settings, ttlMs))
  if (aws) keyrings.push(...(await discoveryKeyrings(aws, settings)))
  const [first, ...others] = keyrings
  if (!first) throw noKeys()
  if (others.length === 0) return first
  return use === 'encrypt'
    ? new MultiKeyring({ generator: first, children: others })
    : new MultiKeyring({ children: keyrings })
}

function checkSettings(use: SessionUse, settings: KeyringSettings): void {
  const { kms, kmsDiscovery, mrk, branchKey, keyStore, keyStoreKms, logicalKeyStore } = settings
  const rawKeys =
    settings.rawAes.length + settings.rawRsaPublic.length + settings.rawRsaPrivate.length
  const isOfKms = kms.length + kmsDiscovery.length > 0 || branchKey !== undefined
  if (!isOfKms && !settings.local && rawKeys === 0) throw noKeys()
  if (use === 'encrypt' && kmsDiscovery.length > 0) {
    throw new UsageError('--kms-discovery can only decrypt, since it names no key: give --kms')
  }
  const repeated = kms.find((key, index) => kms.indexOf(key) !== index)
  if (repeated !== undefined) throw new UsageError(`--kms ${repeated} is given twice`)
  if (mrk && !isOfKms) throw new UsageError('--mrk is for --kms, --kms-discovery and --branch-key')
  if (branchKey !== undefined && keyStore === undefined) {
    throw new UsageError('--branch-key needs --key-store TABLE, where the branch key is')
  }
  if (branchKey === undefined && (keyStoreKms ?? logicalKeyStore) !== undefined) {
    throw new UsageError('--key-store-kms and --logical-key-store are for --branch-key')
  }
  if (rawKeys === 0 && (settings.keyNamespace ?? settings.keyName) !== undefined) {
    throw new UsageError('--key-namespace and --key-name are for raw keys, and none is given')
  }
}

/** Nothing is encrypted under a key that nobody asked for. */
function noKeys(): UsageError {
  return new UsageError(
    'No key is given: --kms ARN names a key of AWS KMS, and --local makes one to try it with',
  )
}

async function openAws(access: AwsAccess, closers: Closers): Promise<AwsClients> {
  const aws = await AwsClients.load(access)
  closers.push(() => aws.close())
  return aws
}

async function localKeyring(warn: (text: string) => void, closers: Closers): Promise<Keyring> {
  const { kms, keyArn } = await openLocalKeys(warn)
  const aws = await openAws(
    {
      profile: undefined,
      region: kms.region,
      endpoint: nowhere,
      // The SDK wants some, and nobody looks at them.
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: localHandler(kms),
    },
    closers,
  )
  return new aws.kms.KmsKeyring({ client: await aws.kmsClient(), keyId: keyArn })
}
