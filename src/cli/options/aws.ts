import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms'
import type * as Hierarchical from '../../hierarchical.ts'
import type * as Kms from '../../kms.ts'
import { UsageError } from '../failures.ts'
import type { KeyringSettings } from './settings.ts'

/*
 * The one place that loads the AWS SDK, and what stands on it, once a command needs it: both packages are optional, and
 * take longer to load than most commands run.
 */

/** As those of `kmsClientSupplier`: without them a call waits for as long as the network does. */
const timeLimits = { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true }

/** How AWS is reached: of the settings, or those of the embedded KMS. */
export type AwsAccess = Pick<KeyringSettings, 'profile' | 'region' | 'endpoint'> & {
  readonly credentials?: KMSClientConfig['credentials']
  readonly requestHandler?: KMSClientConfig['requestHandler']
}

/** The SDK would say on standard error, at some length, that a profile goes before the keys of the environment. */
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** The clients of AWS that a session uses, one a region. */
export class AwsClients {
  readonly kms: typeof Kms
  readonly #access: AwsAccess
  readonly #supplier: Kms.KmsClientSupplier
  readonly #open = new Set<{ destroy(): void }>()
  #defaultRegion: Promise<string> | undefined

  private constructor(kms: typeof Kms, access: AwsAccess) {
    this.kms = kms
    this.#access = access
    this.#supplier = kms.kmsClientSupplier({ clientConfig: configOf(access) })
  }

  /** @throws UsageError if the AWS SDK is not installed. */
  static async load(access: AwsAccess): Promise<AwsClients> {
    const kms = await loaded('@aws-sdk/client-kms', () => import('../../kms.ts'))
    return new AwsClients(kms, access)
  }

  /** @param region default: that of `--region`, or of the environment. */
  async kmsClient(region?: string): Promise<KMSClient> {
    const client = this.#supplier(region ?? (await this.defaultRegion()))
    if (!client) throw new Error('a supplier without limits has a client for each region')
    this.#open.add(client)
    return client
  }

  /** DynamoDB has an endpoint of its own: AWS_ENDPOINT_URL_DYNAMODB. */
  async dynamoDbClient(region?: string): Promise<DynamoDBClient> {
    const { DynamoDBClient } = await loaded(
      '@aws-sdk/client-dynamodb',
      () => import('@aws-sdk/client-dynamodb'),
    )
    const { profile } = this.#access
    const client = new DynamoDBClient({
      region: region ?? (await this.defaultRegion()),
      retryMode: 'standard',
      requestHandler: timeLimits,
      logger: silent,
      ...(profile !== undefined && { profile }),
    })
    this.#open.add(client)
    return client
  }

  /** @throws UsageError if nothing says which region. */
  async defaultRegion(): Promise<string> {
    this.#defaultRegion ??= this.#findRegion()
    return this.#defaultRegion
  }

  async #findRegion(): Promise<string> {
    if (this.#access.region !== undefined) return this.#access.region
    const sdk = await import('@aws-sdk/client-kms')
    const client = new sdk.KMSClient(configOf(this.#access))
    try {
      return await client.config.region()
    } catch {
      throw new UsageError('No region is known: give --region, or set AWS_REGION')
    } finally {
      client.destroy()
    }
  }

  /** @throws UsageError if the AWS SDK is not installed. */
  async loadHierarchical(): Promise<typeof Hierarchical> {
    return loaded('@aws-sdk/client-dynamodb', () => import('../../hierarchical.ts'))
  }

  close(): void {
    for (const client of this.#open) client.destroy()
    this.#open.clear()
  }
}

/**
 * The profile is that of these clients, not of the process: a command with two sets of keys has two.
 */
function configOf(access: AwsAccess): KMSClientConfig {
  const { profile, endpoint, credentials, requestHandler } = access
  return {
    logger: silent,
    ...(profile !== undefined && { profile }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    ...(requestHandler !== undefined && { requestHandler }),
  }
}

async function loaded<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load()
  } catch (cause) {
    const isMissing =
      cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing) throw cause
    throw new UsageError(`These keys need the AWS SDK: npm install ${name}`)
  }
}
