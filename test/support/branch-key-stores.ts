import {
  BranchKeyStore,
  type BranchKeyRecord,
  type BranchKeyRecordType,
  type BranchKeyStoreOptions,
  type HierarchyVersion,
  InMemoryKeyStorage,
  type KeyStorage,
} from '../../src/hierarchical.ts'
import { KmsRegions } from './kms-regions.ts'

export const home = 'eu-central-1'
export const away = 'us-west-2'
export const hierarchyVersions: readonly HierarchyVersion[] = [1, 2]

/**
 * A LocalKms with a key of one Region, another one, and a multi-Region key; and key stores on it.
 */
export class BranchKeyStores {
  readonly regions: KmsRegions
  /** Keys of the home region. */
  readonly keyArn: string
  readonly otherKeyArn: string
  /** A multi-Region key's ARN in both regions. */
  readonly replicas: Record<typeof home | typeof away, string>

  private constructor(regions: KmsRegions, keys: readonly [string, string], replicas: Replicas) {
    this.regions = regions
    ;[this.keyArn, this.otherKeyArn] = keys
    this.replicas = replicas
  }

  static async start(): Promise<BranchKeyStores> {
    const regions = await KmsRegions.start()
    const keyArn = await regions.kms.createKey({ region: home })
    const otherKeyArn = await regions.kms.createKey({ region: home })
    const replicas = await regions.createReplicas([home, away])
    return new BranchKeyStores(regions, [keyArn, otherKeyArn], replicas)
  }

  /** A store in the home region, on a storage of its own, unless something else is given. */
  store(options: Partial<BranchKeyStoreOptions> = {}): BranchKeyStore {
    return new BranchKeyStore({
      client: this.regions.clientOf(home),
      kmsConfiguration: { type: 'key', keyArn: this.keyArn },
      logicalKeyStoreName: 'test-keys',
      storage: new InMemoryKeyStorage(),
      ...options,
    })
  }

  /** The calls of KMS since the last `resetCalls`, as many as there were of each operation. */
  calls(region?: string): Record<string, number> {
    const operations = [
      'GenerateDataKeyWithoutPlaintext',
      'GenerateDataKey',
      'Encrypt',
      'Decrypt',
      'ReEncrypt',
    ]
    const filter = region === undefined ? {} : { region }
    const counted = operations
      .map((operation) => [operation, this.regions.kms.calls({ operation, ...filter })] as const)
      .filter(([, count]) => count > 0)
    const named = counted.reduce((sum, [, count]) => sum + count, 0)
    const others = this.regions.kms.calls(filter) - named
    return { ...Object.fromEntries(counted), ...(others === 0 ? {} : { others }) }
  }

  async close(): Promise<void> {
    await this.regions.close()
  }
}

type Replicas = Record<typeof home | typeof away, string>

/** The record of a storage, which has to be there. */
export async function recordIn(
  storage: KeyStorage,
  branchKeyId: string,
  type: BranchKeyRecordType,
): Promise<BranchKeyRecord> {
  const record = await storage.read(branchKeyId, type)
  if (!record) throw new Error(`There is no ${type} of ${branchKeyId}`)
  return record
}

/** A storage whose answers somebody changes. */
export function changedStorage(
  storage: KeyStorage,
  change: (record: BranchKeyRecord) => unknown,
): KeyStorage & { writes: number } {
  return {
    name: storage.name,
    writes: 0,
    async read(branchKeyId, type) {
      const record = await storage.read(branchKeyId, type)
      // What a storage returns can be anything; the types say what it should be.
      return record && (change(record) as BranchKeyRecord)
    },
    list: (branchKeyId) => storage.list(branchKeyId),
    async write(changes) {
      this.writes += 1
      return storage.write(changes)
    },
  }
}
