import { z } from 'zod'
import { InvalidArgumentError } from '../errors.ts'
import { REGION } from './request-region.ts'

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
   * Gets every warning. Default: `process.emitWarning` with the name `WaxsealLocalKms`, where the
   * warning that all this is for development comes once a process. `() => {}` silences it.
   */
  log?: (message: string) => void
}

const schema = z.strictObject({
  port: z.int().min(0).max(65535).default(0),
  storePath: z.string().min(1).optional(),
  region: z.string().regex(REGION, 'must be a region, such as us-east-1').default('us-east-1'),
  accountId: z
    .string()
    .regex(/^\d{12}$/, 'must be 12 digits')
    .default('000000000000'),
  log: z
    .custom<(message: string) => void>((value) => typeof value === 'function', 'must be a function')
    .optional(),
})

export function parseOptions(options: LocalKmsOptions): z.output<typeof schema> {
  const result = schema.safeParse(options)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field =
    issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue?.path.join('.') || 'options'
  throw new InvalidArgumentError(
    field,
    `LocalKms.start: option \`${field}\` is wrong: ${issue?.message}`,
  )
}
