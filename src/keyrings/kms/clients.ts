import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms'
import { checkObject, checkOptions } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'

/**
 * Gives the client that makes the calls in a region, or `undefined` for a region that is not to be
 * called. It is asked once for each region that a multi-keyring needs, when that is made.
 */
export type KmsClientSupplier = (region: string) => KMSClient | undefined

/** Options of {@link kmsClientSupplier}. */
export interface KmsClientSupplierOptions {
  /**
   * What every client is made with, besides its region: credentials, retries. A `requestHandler` of
   * options changes single time limits; one that is a handler replaces them all.
   */
  clientConfig?: Omit<KMSClientConfig, 'region'>
  /** Only these regions are called. Default: all. */
  onlyRegions?: readonly string[]
  /** These regions are not called. Default: none. */
  exceptRegions?: readonly string[]
}

/**
 * How long a client of {@link kmsClientSupplier} waits before it counts a region as not answering: for
 * a connection, and then for an answer. Without them the SDK waits for as long as the network does,
 * and KMS answers in milliseconds.
 */
const timeouts = {
  connectionTimeout: 2000,
  requestTimeout: 5000,
  throwOnRequestTimeout: true, // otherwise the SDK only warns
}

/**
 * Makes a function that keeps one KMS client a region. Each waits at most 2 s for a connection and 5 s
 * for an answer, three times (the SDK's `standard` retries), unless `clientConfig` says otherwise.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const clientSupplier = kmsClientSupplier({ onlyRegions: ['eu-central-1', 'eu-west-1'] })
 * ```
 */
export function kmsClientSupplier(options: KmsClientSupplierOptions = {}): KmsClientSupplier {
  checkOptions(options, ['clientConfig', 'onlyRegions', 'exceptRegions'])
  const only = options.onlyRegions && new Set(checkRegions(options.onlyRegions, 'onlyRegions'))
  const except = new Set(checkRegions(options.exceptRegions ?? [], 'exceptRegions'))
  if (options.clientConfig !== undefined) checkObject(options.clientConfig, 'clientConfig')
  const { requestHandler = {}, ...others } = options.clientConfig ?? {}
  checkObject(requestHandler, 'clientConfig.requestHandler')
  const config: KMSClientConfig = {
    retryMode: 'standard',
    ...others,
    requestHandler:
      'handle' in requestHandler ? requestHandler : { ...timeouts, ...requestHandler },
  }
  const clients = new Map<string, KMSClient>()
  return (region) => {
    if (except.has(region) || (only && !only.has(region))) return undefined
    const client = clients.get(region) ?? new KMSClient({ ...config, region })
    clients.set(region, client)
    return client
  }
}

/** A list of regions, checked and copied. */
export function checkRegions(regions: readonly string[], field: string): string[] {
  const given: unknown = regions
  const isRegion = (region: unknown): region is string =>
    typeof region === 'string' && region !== ''
  if (Array.isArray(given) && given.every(isRegion)) return [...given]
  throw new InvalidArgumentError(
    field,
    `${field} must be an array of regions, such as "eu-central-1"`,
  )
}
