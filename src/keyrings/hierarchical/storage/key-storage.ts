/** What a record of a branch key is, the sort key of its table (framework/branch-key-store.md, "Record Format"). */
export type BranchKeyRecordType = 'branch:ACTIVE' | 'beacon:ACTIVE' | `branch:version:${string}`

/** One record of a branch key store: a wrapped key, and what it is bound to. */
export interface BranchKeyRecord {
  readonly branchKeyId: string
  readonly type: BranchKeyRecordType
  /** The wrapped key, the attribute `enc`: what KMS returned. */
  readonly ciphertext: Uint8Array
  /**
   * All other attributes of the record as they are stored, but for the branch key id and the type:
   * `kms-arn`, `create-time`, `hierarchy-version` (`'1'` or `'2'`), of the active record `version`, and
   * `aws-crypto-ec:…` for each pair of the custom encryption context. A storage keeps what it does not
   * know, for all of them are authenticated.
   */
  readonly attributes: Readonly<Record<string, string>>
}

/** One change of a storage: writes the record if what is stored under its id and type is what is expected. */
export interface BranchKeyChange {
  readonly record: BranchKeyRecord
  /** The ciphertext that is stored now and to be replaced; `undefined` if there must be no such record yet. */
  readonly replaces: Uint8Array | undefined
}

/**
 * Where a `BranchKeyStore` keeps its records. Implement it to keep them in another database; the tests of
 * the library's own storages are in `test/support/key-storage-spec.ts`.
 *
 * A storage is not trusted: the store checks all that it reads, and KMS authenticates it.
 */
export interface KeyStorage {
  /** What errors call it, for example the table's name. */
  readonly name: string
  /** The record, as it is after all writes that have returned; `undefined` if there is none. */
  read(branchKeyId: string, type: BranchKeyRecordType): Promise<BranchKeyRecord | undefined>
  /**
   * All records of a branch key that were written before the call, in any order; none for an unknown one. They
   * need not be of one moment: what is written meanwhile may be among them or not.
   */
  list(branchKeyId: string): Promise<readonly BranchKeyRecord[]>
  /**
   * Makes all changes or none of them. Return `'conflict'` if what is stored is not what one of the
   * changes expects, and throw if it could not be found out or written.
   */
  write(changes: readonly BranchKeyChange[]): Promise<'written' | 'conflict'>
}
