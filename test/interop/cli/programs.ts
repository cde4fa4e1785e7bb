import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { AlgorithmSuiteName } from '../../../src/index.ts'
import { cliPath } from '../../support/cli.ts'
import { pythonEnvironment } from '../peers/python-environment.ts'

/** What both programs have a flag for, in words of neither. A folder is encrypted whole. */
interface Message {
  readonly keys: readonly string[]
  readonly mrk?: true
  readonly folder?: true
  /** Whether the names in an output folder are those of the input. Default: with the program's own suffix. */
  readonly keepsNames?: true
  readonly caches?: true
  /** Base64, on the side of the ciphertext. */
  readonly base64?: true
  readonly maxDataKeys?: number
  readonly policy?: 'forbid-encrypt-allow-decrypt' | 'require-encrypt-allow-decrypt'
}

export interface Sealing extends Message {
  readonly suite?: AlgorithmSuiteName
  readonly context?: Readonly<Record<string, string>>
  readonly frameLength?: number
}

export interface Opening extends Message {
  /** In place of keys: those of this account, asked for in this region. */
  readonly discovery?: { readonly account: string; readonly region: string }
  /** Pairs that the message has to have, and keys of pairs. */
  readonly requiredPairs?: Readonly<Record<string, string>>
  readonly requiredKeys?: readonly string[]
  readonly refusesSigned?: true
  readonly maxLength?: number
}

/** One of the two command lines. `-` is standard input or output. */
export interface Program {
  readonly name: 'waxseal' | 'aws-encryption-cli'
  readonly command: readonly [string, ...string[]]
  encryptArguments(sealing: Sealing, from: string, to: string): string[]
  /** @param record the file that a record of the message is written to. */
  decryptArguments(opening: Opening, from: string, to: string, record: string): string[]
  /** The encryption context in such a record. */
  contextOf(record: unknown): Readonly<Record<string, string>>
  /** How a file in an output folder is named after one that the other program encrypted, with its own suffix. */
  decryptedName(name: string): string
}

const pairsOf = (context: Readonly<Record<string, string>> = {}) =>
  Object.entries(context).map(([key, value]) => `${key}=${value}`)

const flag = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [name, String(value)]

const flags = (name: string, values: readonly string[] = []): string[] =>
  values.flatMap((value) => [name, value])

const context = z.record(z.string(), z.string())
const ourRecord = z.object({ encryptionContext: context })
const awsRecord = z.object({ header: z.object({ encryption_context: context }) })

function ourFlags(message: Message): string[] {
  return [
    '--quiet',
    ...flags('--kms', message.keys),
    ...(message.mrk ? ['--mrk'] : []),
    ...(message.folder ? ['--recursive'] : []),
    ...(message.keepsNames ? ['--suffix', ''] : []),
    ...(message.caches ? ['--cache-capacity', '10', '--cache-max-age', '60'] : []),
    ...flag('--commitment-policy', message.policy),
    ...flag('--max-data-keys', message.maxDataKeys),
  ]
}

export const waxseal: Program = {
  name: 'waxseal',
  command: [process.execPath, cliPath],
  encryptArguments: (sealing, from, to) => [
    'encrypt',
    ...ourFlags(sealing),
    ...flags('--context', pairsOf(sealing.context)),
    ...flag('--suite', sealing.suite),
    ...flag('--frame-length', sealing.frameLength),
    ...(sealing.base64 ? ['--encode'] : []),
    ...['--output', to, from],
  ],
  decryptArguments: (opening, from, to, record) => [
    'decrypt',
    ...ourFlags(opening),
    ...flag('--kms-discovery', opening.discovery && discovered(opening.discovery)),
    ...flags('--context', pairsOf(opening.requiredPairs)),
    ...flags('--require-context', opening.requiredKeys),
    ...(opening.refusesSigned ? ['--signatures', 'refuse'] : []),
    ...flag('--max-length', opening.maxLength),
    ...(opening.base64 ? ['--decode'] : []),
    ...['--metadata', record, '--output', to, from],
  ],
  contextOf: (record) => ourRecord.parse(record).encryptionContext,
  decryptedName: (name) => name,
}

const discovered = ({ account, region }: { account: string; region: string }) =>
  `${account}:${region}`

function awsFlags(message: Message, wrappingKeys: readonly string[]): string[] {
  return [
    ...['--wrapping-keys', ...wrappingKeys],
    ...(message.folder ? ['--recursive'] : []),
    ...(message.keepsNames ? ['--suffix'] : []),
    ...(message.caches ? ['--caching', 'capacity=10', 'max_age=60'] : []),
    ...flag('--commitment-policy', message.policy),
    ...flag('--max-encrypted-data-keys', message.maxDataKeys),
  ]
}

const listed = (name: string, values: readonly string[] = []): string[] =>
  values.length === 0 ? [] : [name, ...values]

const awsKeys = (keys: readonly string[]) => keys.map((key) => `key=${key}`)

/** It has one flag for required pairs and keys of pairs, and takes no other with `--decrypt-unsigned`. */
function aws(python: string): Program {
  const start = 'import sys; from aws_encryption_sdk_cli import cli; sys.exit(cli())'
  return {
    name: 'aws-encryption-cli',
    command: [python, '-B', '-X', 'utf8', '-c', start],
    encryptArguments: (sealing, from, to) => [
      '--encrypt',
      ...awsFlags(sealing, awsKeys(sealing.keys)),
      ...listed('--encryption-context', pairsOf(sealing.context)),
      ...flag('--algorithm', sealing.suite?.replace(/^ALG_|_NO_KDF$/g, '')),
      ...flag('--frame-length', sealing.frameLength),
      ...(sealing.base64 ? ['--encode'] : []),
      ...['--suppress-metadata', '--output', to, '--input', from],
    ],
    decryptArguments: (opening, from, to, record) => [
      opening.refusesSigned ? '--decrypt-unsigned' : '--decrypt',
      ...awsFlags(opening, awsSources(opening)),
      ...listed('--encryption-context', [
        ...pairsOf(opening.requiredPairs),
        ...(opening.requiredKeys ?? []),
      ]),
      ...flag('--max-length', opening.maxLength),
      ...(opening.base64 ? ['--decode'] : []),
      ...['--metadata-output', record, '--output', to, '--input', from],
    ],
    contextOf: (record) => awsRecord.parse(record).header.encryption_context,
    decryptedName: (name) => `${name}.encrypted.decrypted`,
  }
}

function awsSources({ keys, discovery }: Opening): string[] {
  if (!discovery) return awsKeys(keys)
  const { account, region } = discovery
  const filter = ['discovery-partition=aws', `discovery-account=${account}`]
  return ['discovery=true', ...filter, `region=${region}`]
}

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))

/** The AWS Encryption CLI, installed unless that has been done, or why this machine can't run it. */
export async function prepareAws(): Promise<Program | { missing: string }> {
  const prepared = await pythonEnvironment('python-cli', requirements)
  return 'missing' in prepared ? prepared : aws(prepared.python)
}
