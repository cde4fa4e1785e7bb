import { z } from 'zod'
import { rsaPaddings, type RsaPadding } from '../../crypto/rsa.ts'
import type { CommitmentPolicy } from '../../suites/commitment-policy.ts'
import { type AlgorithmSuiteName, algorithmSuites, suiteById } from '../../suites/suites.ts'
import { UsageError } from '../failures.ts'
import { otherKeysPrefix } from './flag-table.ts'
import type { KeyringSettings, MessageSettings, ReportSettings } from './settings.ts'

/** What was given, by the flags' names: by flags or in a file, not checked yet. */
export type Members = Record<string, unknown>

const text = z.string('must be a text').min(1, 'must not be empty')
const list = z.array(text, 'must be a list of texts')
const flag = z.boolean('must be true or false')

function whole(least: number, most: number): z.ZodNumber {
  const bounds = `must be a whole number from ${least} to ${most}`
  return z.int(bounds).min(least, bounds).max(most, bounds)
}

function isPadding(value: unknown): value is RsaPadding {
  return typeof value === 'string' && Object.hasOwn(rsaPaddings, value)
}

const padding = z.custom<RsaPadding>(
  isPadding,
  `must be one of: ${Object.keys(rsaPaddings).join(', ')}`,
)

const suite = text.transform((given, context): AlgorithmSuiteName => {
  const named = Object.values(algorithmSuites).find(({ name }) => name === given.toUpperCase())
  const found = named ?? (/^0x[0-9a-f]{4}$/i.test(given) ? suiteById(Number(given)) : undefined)
  if (found) return found.name
  const known = Object.values(algorithmSuites).map(({ name }) => name)
  context.addIssue({
    code: 'custom',
    message: `must be an id such as 0x0578, or one of: ${known.join(', ')}`,
  })
  return z.NEVER
})

const policies: Readonly<Record<string, CommitmentPolicy>> = {
  'require-encrypt-require-decrypt': 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
  'require-encrypt-allow-decrypt': 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
  'forbid-encrypt-allow-decrypt': 'FORBID_ENCRYPT_ALLOW_DECRYPT',
}

const policy = text.transform((given, context): CommitmentPolicy => {
  const found = Object.hasOwn(policies, given) ? policies[given] : undefined
  if (found) return found
  const message = `must be one of: ${Object.keys(policies).join(', ')}`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const discovery = z.array(
  text.regex(
    /^(?:\d{12}|dangerously-any-account)(?::[a-z]{2,4}(?:-[a-z]+)+-\d{1,2})*$/,
    'must be an account of 12 digits, or dangerously-any-account, and may be followed by regions: ' +
      '111122223333:eu-central-1',
  ),
  'must be a list of texts',
)

const endpoint = text.refine((given) => {
  if (!URL.canParse(given)) return false
  const { protocol } = new URL(given)
  return protocol === 'https:' || protocol === 'http:'
}, 'must be a URL that begins with https:// or http://')

/** Not `z.record`, which leaves a pair named `__proto__` out. */
const pairs = z
  .custom<Record<string, string>>(
    (given) => typeof given === 'object' && given !== null && !Array.isArray(given),
    'must be an object, of which each value is a text',
  )
  .superRefine((given, context) => {
    const entries: [string, unknown][] = Object.entries(given)
    for (const [key, value] of entries) {
      if (typeof value === 'string') continue
      context.addIssue({ code: 'custom', path: [key], message: 'must be a text' })
    }
  })

/** The members that name keys and say how they are reached. */
const keyMembers = {
  kms: list,
  'kms-discovery': discovery,
  mrk: flag,
  'raw-aes': list,
  'raw-rsa-public': list,
  'raw-rsa-private': list,
  'branch-key': text,
  local: flag,
  'key-namespace': text,
  'key-name': text,
  'rsa-padding': padding,
  'key-store': text,
  'logical-key-store': text,
  'key-store-kms': text,
  'grant-token': list,
  profile: text,
  region: text.regex(/^[a-z0-9-]+$/, 'must be a region, such as eu-central-1'),
  endpoint,
}

const otherMembers = {
  context: pairs,
  'require-context': list,
  suite,
  'commitment-policy': policy,
  'max-data-keys': whole(1, 0xffff),
  'frame-length': whole(1, 0xffffffff),
  'max-length': whole(1, Number.MAX_SAFE_INTEGER),
  signatures: z.enum(['verify', 'refuse'], 'must be verify or refuse'),
  'cache-capacity': whole(1, 1_048_576),
  'cache-max-age': whole(1, 1_000_000_000),
  'cache-max-messages': whole(1, 2 ** 32),
  'cache-max-bytes': whole(1, Number.MAX_SAFE_INTEGER),
  json: flag,
  metadata: text,
  quiet: flag,
  verbose: flag,
}

const settings = z.strictObject({ ...keyMembers, ...otherMembers }).partial()

/** What a configuration file may say: all that flags may, also of the keys of which there are two sets. */
export const fileMembers: Readonly<Record<string, z.ZodType>> = {
  ...keyMembers,
  ...Object.fromEntries(
    Object.entries(keyMembers).map(([name, schema]) => [`${otherKeysPrefix}${name}`, schema]),
  ),
  ...otherMembers,
}

/**
 * The settings that follow from both.
 *
 * @param flagOf a member as it is called on the command line, for errors.
 * @throws UsageError if a flag's value is not as it should be.
 */
export function settingsFrom(
  flags: Members,
  file: Members,
  flagOf: (name: string) => string,
): KeyringSettings & MessageSettings & ReportSettings {
  const parsed = settings.safeParse({ ...file, ...flags })
  const issue = parsed.error?.issues[0]
  if (issue || !parsed.data) {
    const name = String(issue?.path[0] ?? '')
    throw new UsageError(`${flagOf(name)} ${issue?.message ?? 'is not as it should be'}`)
  }
  const given = parsed.data
  const ofFile = settings.parse(file)
  return {
    kms: given.kms ?? [],
    kmsDiscovery: given['kms-discovery'] ?? [],
    mrk: given.mrk ?? false,
    rawAes: given['raw-aes'] ?? [],
    rawRsaPublic: given['raw-rsa-public'] ?? [],
    rawRsaPrivate: given['raw-rsa-private'] ?? [],
    branchKey: given['branch-key'],
    keyStore: given['key-store'],
    logicalKeyStore: given['logical-key-store'],
    keyStoreKms: given['key-store-kms'],
    local: given.local ?? false,
    keyNamespace: given['key-namespace'],
    keyName: given['key-name'],
    rsaPadding: given['rsa-padding'] ?? 'oaep-sha256',
    grantTokens: given['grant-token'] ?? [],
    profile: given.profile,
    region: given.region,
    endpoint: given.endpoint,
    // A team's pairs stay, whatever else a call adds to them.
    context: { ...ofFile.context, ...given.context },
    requireContext: [
      ...new Set([...(ofFile['require-context'] ?? []), ...(given['require-context'] ?? [])]),
    ],
    suite: given.suite,
    commitmentPolicy: given['commitment-policy'],
    maxDataKeys: given['max-data-keys'],
    frameLength: given['frame-length'],
    maxLength: given['max-length'],
    signatures: given.signatures ?? 'verify',
    cacheCapacity: given['cache-capacity'],
    cacheMaxAgeSeconds: given['cache-max-age'],
    cacheMaxMessages: given['cache-max-messages'],
    cacheMaxBytes: given['cache-max-bytes'],
    json: given.json ?? false,
    metadata: given.metadata,
    quiet: given.quiet ?? false,
    verbose: given.verbose ?? false,
  }
}
