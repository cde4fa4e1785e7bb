import { z } from 'zod'
import { parseArguments, region } from './arguments.ts'
import { isKeySpec, type KeySpec, type KeyUsage, keyUsages } from './key-specs.ts'
import type { KeyOrigin } from './records.ts'

/** The options of {@link LocalKms.start}. */
export interface LocalKmsOptions {
  /** The TCP port on 127.0.0.1. Default: 0, which takes a free one. */
  port?: number
  /**
   * A JSON file to keep keys and aliases in, in the clear, written with mode 0600. It is made if it
   * does not exist; its folder must exist. One file belongs to one running `LocalKms`. Default: none,
   * and the keys are gone after `close()`.
   */
  storePath?: string
  /**
   * The region of `clientConfig()`, of `createKey()` and of requests that are not signed. One
   * `LocalKms` serves all regions: a signed request is for the region that it is signed for.
   * Default: `us-east-1`.
   */
  region?: string
  /** The account of every ARN, 12 digits. Default: `000000000000`. */
  accountId?: string
  /**
   * How many requests each region serves in a second, 1 or more; those beyond get
   * `ThrottlingException`. The first second may bring them all at once. Default: no limit.
   */
  quotaPerSecond?: number
  /**
   * Gets every warning. Default: `process.emitWarning` with the name `WaxsealLocalKms`, where the
   * warning that all this is for development comes once a process. `() => {}` silences it.
   */
  log?: (message: string) => void
}

/** The options of {@link LocalKms.createKey}, which are KMS's own. */
export interface LocalKmsKeyOptions {
  /** A name for the key, with its `alias/`. Default: none. */
  alias?: string
  /** Default: the `region` of {@link LocalKms.start}. */
  region?: string
  /** Default: `SYMMETRIC_DEFAULT`. */
  keySpec?: KeySpec
  /** Default: what LocalKms has keys of that spec for, which is one usage of each. */
  keyUsage?: KeyUsage
  /** Whether the key can be replicated to other regions: it then is their primary key. Default: false. */
  multiRegion?: boolean
  /** `EXTERNAL` for a key whose material is imported later. Default: `AWS_KMS`. */
  origin?: KeyOrigin
}

const keyOptions = z.strictObject({
  alias: z.string().optional(),
  region: region.optional(),
  keySpec: z
    .custom<KeySpec>(
      (value) => typeof value === 'string' && isKeySpec(value),
      'LocalKms has no keys of that spec',
    )
    .default('SYMMETRIC_DEFAULT'),
  keyUsage: z.enum(keyUsages).optional(),
  multiRegion: z.boolean().optional(),
  origin: z.enum(['AWS_KMS', 'EXTERNAL']).optional(),
})

const schema = z.strictObject({
  port: z.int().min(0).max(65535).default(0),
  storePath: z.string().min(1).optional(),
  region: region.default('us-east-1'),
  quotaPerSecond: z.int().min(1).optional(),
  accountId: z
    .string()
    .regex(/^\d{12}$/, 'must be 12 digits')
    .default('000000000000'),
  log: z
    .custom<(message: string) => void>((value) => typeof value === 'function', 'must be a function')
    .optional(),
})

export function parseOptions(options: LocalKmsOptions): z.output<typeof schema> {
  return parseArguments('start', schema, options)
}

export function parseKeyOptions(options: LocalKmsKeyOptions): z.output<typeof keyOptions> {
  return parseArguments('createKey', keyOptions, options)
}

/** What is wrong with the value of one option, or undefined. */
export function checkOption(option: keyof LocalKmsOptions, value: unknown): string | undefined {
  return schema.shape[option].safeParse(value).error?.issues[0]?.message
}
