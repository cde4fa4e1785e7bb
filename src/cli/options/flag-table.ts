import type { SessionUse } from './session.ts'

/** What a flag takes: nothing, one value, a value each time that it is given, or `k=v` each time. */
type FlagKind = 'switch' | 'text' | 'number' | 'list' | 'pairs'

/** A flag of several commands, which is a member of the configuration file, too. */
export interface Flag {
  readonly name: string
  /** The letter that stands for it, too: those of AWS's command line. */
  readonly letter?: string
  readonly kind: FlagKind
  /** What stands for its value in a help. */
  readonly value?: string
  readonly description: string
  /** What it can be for. Default: both. */
  readonly use?: SessionUse
  readonly choices?: readonly string[]
  /** Whether a command's own help leaves it out: a page of `waxseal help` has them all. */
  readonly isRare?: true
}

const paddings = ['oaep-sha256', 'oaep-sha384', 'oaep-sha512', 'oaep-sha1', 'pkcs1']

// prettier-ignore
/** They name keys: where one of them is given, those of the configuration file are not used. */
export const namesOfKeys: readonly Flag[] = [
  { name: 'kms', kind: 'list', value: '<key>', description: 'a KMS key; repeatable, the first generates' },
  { name: 'kms-discovery', kind: 'list', value: '<account>', use: 'decrypt', description: 'keys of ACCOUNT[:REGION...]; repeatable' },
  { name: 'raw-aes', kind: 'list', value: '<file>', description: 'an AES key: 16, 24 or 32 bytes; repeatable' },
  { name: 'raw-rsa-public', kind: 'list', value: '<file>', description: 'an RSA public key; repeatable' },
  { name: 'raw-rsa-private', kind: 'list', value: '<file>', description: 'an RSA private key; repeatable' },
  { name: 'branch-key', kind: 'text', value: '<id>', description: 'a branch key of the --key-store' },
  { name: 'local', kind: 'switch', description: 'the embedded KMS, to try things' },
]

// prettier-ignore
/** They go with the keys: those of the file go where its keys go. */
export const detailsOfKeys: readonly Flag[] = [
  { name: 'mrk', kind: 'switch', isRare: true, description: 'use replicas of multi-Region keys' },
  { name: 'key-namespace', kind: 'text', value: '<name>', isRare: true, description: 'of raw keys in messages; default waxseal' },
  { name: 'key-name', kind: 'text', value: '<name>', isRare: true, description: 'of the one raw key in messages' },
  { name: 'rsa-padding', kind: 'text', value: '<name>', isRare: true, choices: paddings, description: 'default oaep-sha256' },
]

// prettier-ignore
/** They say how keys are reached. */
export const waysToKeys: readonly Flag[] = [
  { name: 'key-store', kind: 'text', value: '<table>', description: 'the table of branch keys' },
  { name: 'logical-key-store', kind: 'text', value: '<name>', isRare: true, description: 'default: the name of the table' },
  { name: 'key-store-kms', kind: 'text', value: '<key>', isRare: true, description: 'the KMS key of branch keys' },
  { name: 'grant-token', kind: 'list', value: '<token>', isRare: true, description: 'for calls of KMS; repeatable' },
  { name: 'profile', kind: 'text', value: '<name>', isRare: true, description: 'of the AWS configuration' },
  { name: 'region', kind: 'text', value: '<name>', description: 'where a key names none' },
  { name: 'endpoint', kind: 'text', value: '<url>', isRare: true, description: 'where KMS is called' },
]

const policies = [
  'require-encrypt-require-decrypt',
  'require-encrypt-allow-decrypt',
  'forbid-encrypt-allow-decrypt',
]

// prettier-ignore
export const messageFlags: readonly Flag[] = [
  { name: 'context', letter: 'c', kind: 'pairs', value: '<k=v>', description: 'a pair of the encryption context; repeatable' },
  { name: 'require-context', kind: 'list', value: '<key>', use: 'encrypt', description: 'authenticate its pair, do not store it' },
  { name: 'require-context', kind: 'list', value: '<key>', use: 'decrypt', description: 'refuse messages without it; repeatable' },
  { name: 'suite', kind: 'text', value: '<name>', use: 'encrypt', description: 'the algorithm suite, or its id' },
  { name: 'commitment-policy', kind: 'text', value: '<name>', isRare: true, choices: policies, description: 'default: messages commit to keys' },
  { name: 'max-data-keys', kind: 'number', value: '<number>', isRare: true, description: 'the most that a message may have' },
  { name: 'frame-length', kind: 'number', value: '<number>', use: 'encrypt', isRare: true, description: 'bytes of a frame; default 65536' },
  { name: 'max-length', kind: 'number', value: '<number>', use: 'decrypt', isRare: true, description: 'the longest frame, in bytes' },
  { name: 'signatures', kind: 'text', value: '<how>', use: 'decrypt', isRare: true, choices: ['verify', 'refuse'], description: 'refuse: no signed messages' },
  { name: 'cache-max-age', kind: 'number', value: '<seconds>', isRare: true, description: 'use data keys again for so long' },
  { name: 'cache-capacity', kind: 'number', value: '<number>', isRare: true, description: 'the most data keys kept; default 100' },
  { name: 'cache-max-messages', kind: 'number', value: '<number>', use: 'encrypt', isRare: true, description: 'the most messages of a data key' },
  { name: 'cache-max-bytes', kind: 'number', value: '<number>', use: 'encrypt', isRare: true, description: 'the most bytes of a data key' },
]

// prettier-ignore
export const reportFlags: readonly Flag[] = [
  { name: 'json', kind: 'switch', description: 'a record a file, as JSON' },
  { name: 'metadata', kind: 'text', value: '<file>', isRare: true, description: 'append the same records to a file' },
  { name: 'quiet', letter: 'q', kind: 'switch', description: 'say nothing but errors' },
  { name: 'verbose', letter: 'v', kind: 'switch', description: 'say each call of KMS' },
]

/** Keys are given to some commands twice; the other ones' flags begin so. */
export const otherKeysPrefix = 'from-'
