import { copyBytes, equalBytes } from '../../../format/bytes.ts'
import type {
  BranchKeyChange,
  BranchKeyRecord,
  BranchKeyRecordType,
  KeyStorage,
} from './key-storage.ts'

/**
 * Keeps the records of branch keys in memory, for development and tests: when the process ends,
 * what was encrypted under them is lost.
 *
 * @example
 * ```ts
 * const storage = new InMemoryKeyStorage()
 * ```
 */
export class InMemoryKeyStorage implements KeyStorage {
  /** What errors call it: `memory`. */
  readonly name = 'memory'
  readonly #records = new Map<string, Map<BranchKeyRecordType, BranchKeyRecord>>()

  async read(branchKeyId: string, type: BranchKeyRecordType): Promise<BranchKeyRecord | undefined> {
    const record = this.#records.get(branchKeyId)?.get(type)
    return record && copyOf(record)
  }

  async list(branchKeyId: string): Promise<readonly BranchKeyRecord[]> {
    return [...(this.#records.get(branchKeyId)?.values() ?? [])].map(copyOf)
  }

  // Synchronous from the first look to the last write, and so all or nothing.
  async write(changes: readonly BranchKeyChange[]): Promise<'written' | 'conflict'> {
    if (!changes.every((change) => this.#isExpected(change))) return 'conflict'
    for (const { record } of changes) {
      const ofKey =
        this.#records.get(record.branchKeyId) ?? new Map<BranchKeyRecordType, BranchKeyRecord>()
      ofKey.set(record.type, copyOf(record))
      this.#records.set(record.branchKeyId, ofKey)
    }
    return 'written'
  }

  #isExpected({ record, replaces }: BranchKeyChange): boolean {
    const stored = this.#records.get(record.branchKeyId)?.get(record.type)?.ciphertext
    if (!stored || !replaces) return stored === replaces
    return equalBytes(stored, replaces)
  }
}

/** No caller shares memory with the storage, as with a database. */
function copyOf({ branchKeyId, type, ciphertext, attributes }: BranchKeyRecord): BranchKeyRecord {
  return { branchKeyId, type, ciphertext: copyBytes(ciphertext), attributes: { ...attributes } }
}
