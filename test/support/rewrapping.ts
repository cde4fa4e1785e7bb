import type { DecryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { expect } from 'vitest'
import {
  type BranchKeyMaterials,
  type BranchKeyStore,
  type BranchKeyStoreOptions,
  type HierarchyVersion,
  InMemoryKeyStorage,
  type KeyStorage,
} from '../../src/hierarchical.ts'

/**
 * The moments at which something can happen to a rewrap: before and after each call of KMS and of the storage.
 * A test says what happens at them.
 */
export class Moments {
  count = 0
  #happens: (moment: number, what: string) => Promise<void> | void = () => undefined

  /** Begins to count anew, and has that happen at each moment. */
  let(happens: (moment: number, what: string) => Promise<void> | void): void {
    this.count = 0
    this.#happens = happens
  }

  /** The client, whose calls are such moments. */
  client(client: KMSClient): KMSClient {
    // Of any command; the types want one.
    const send = (command: DecryptCommand) =>
      this.#around(command.constructor.name, () => client.send(command))
    return new Proxy(client, {
      get: (target, name): unknown => (name === 'send' ? send : Reflect.get(target, name)),
    })
  }

  /** The storage, whose calls are such moments. */
  storage(storage: KeyStorage): KeyStorage {
    return {
      name: storage.name,
      read: (branchKeyId, type) => this.#around('read', () => storage.read(branchKeyId, type)),
      list: (branchKeyId) => this.#around('list', () => storage.list(branchKeyId)),
      write: (changes) =>
        this.#around(`write ${changes[0]?.record.type ?? ''}`, () => storage.write(changes)),
    }
  }

  async #around<T>(what: string, work: () => Promise<T>): Promise<T> {
    await this.#pass(`before ${what}`)
    const result = await work()
    await this.#pass(`after ${what}`)
    return result
  }

  async #pass(what: string): Promise<void> {
    this.count += 1
    await this.#happens(this.count, what)
  }
}

/** Makes key stores, configured with the key that branch keys are under at first unless told otherwise. */
export interface Stores {
  store(options: Partial<BranchKeyStoreOptions>): BranchKeyStore
}

/** A branch key with two versions, and all that can be read of it. */
export interface Original {
  readonly branchKeyId: string
  readonly storage: KeyStorage
  /** The keys of all records, in hex, by what they are. */
  readonly keys: Readonly<Record<string, string>>
}

export async function makeOriginal(
  stores: Stores,
  hierarchyVersion: HierarchyVersion,
): Promise<Original> {
  const storage = new InMemoryKeyStorage()
  const store = stores.store({ storage })
  const encryptionContext = { tenant: 'é' }
  const branchKeyId = 'orders'
  await store.createKey({ branchKeyId, hierarchyVersion, encryptionContext })
  await store.versionKey({ branchKeyId })
  return { branchKeyId, storage, keys: await allKeys(store, storage, branchKeyId) }
}

export async function copyOf({ storage, branchKeyId }: Original): Promise<InMemoryKeyStorage> {
  const copy = new InMemoryKeyStorage()
  const records = await storage.list(branchKeyId)
  await copy.write(records.map((record) => ({ record, replaces: undefined })))
  return copy
}

/** The keys of all records, as a store reads them one by one. */
export async function allKeys(
  store: BranchKeyStore,
  storage: KeyStorage,
  branchKeyId: string,
): Promise<Record<string, string>> {
  const keys: [string, string][] = []
  for (const { type } of await storage.list(branchKeyId)) {
    keys.push([type, hexOf(await readOne(store, branchKeyId, type))])
  }
  return Object.fromEntries(keys.sort())
}

function readOne(store: BranchKeyStore, branchKeyId: string, type: string) {
  if (type === 'branch:ACTIVE') return store.getActiveBranchKey({ branchKeyId })
  if (type === 'beacon:ACTIVE') return store.getBeaconKey({ branchKeyId })
  const branchKeyVersion = type.slice('branch:version:'.length)
  return store.getBranchKeyVersion({ branchKeyId, branchKeyVersion })
}

function hexOf({ key }: BranchKeyMaterials): string {
  return Buffer.from(key).toString('hex')
}

/** Under how many records' `kms-arn` each key stands. */
export async function recordsUnder(
  storage: KeyStorage,
  branchKeyId: string,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { attributes } of await storage.list(branchKeyId)) {
    const keyArn = attributes['kms-arn'] ?? expect.fail('a record without kms-arn')
    counts[keyArn] = (counts[keyArn] ?? 0) + 1
  }
  return counts
}

/** A reader that may use any key. */
export function discoverer(stores: Stores, storage: KeyStorage): BranchKeyStore {
  return stores.store({ storage, kmsConfiguration: { type: 'discovery' } })
}
