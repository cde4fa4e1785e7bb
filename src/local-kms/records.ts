import type { KeyObject } from 'node:crypto'
import type { KeySpec, KeyUsage } from './key-specs.ts'

/* What LocalKms keeps. Times are milliseconds since the epoch; nothing is ever changed in place. */

export type KeyOrigin = 'AWS_KMS' | 'EXTERNAL'

export type KeyState =
  | { readonly name: 'Enabled' | 'Disabled' | 'PendingImport' }
  | { readonly name: 'PendingDeletion'; readonly windowInDays: number; readonly deletionAt: number }
  /** A primary key: its waiting period begins when the last of its replicas is gone. */
  | { readonly name: 'PendingReplicaDeletion'; readonly windowInDays: number }

/** What does the cryptography. A key that was rotated has several; the last one is current. */
export interface KeyMaterial {
  /** 64 hexadecimal digits. The ciphertexts of a symmetric key name theirs. */
  readonly id: string
  /** A secret key or a private key. None: it was deleted, has expired, or is still to be imported. */
  readonly key: KeyObject | undefined
  /** When and why it became current. None: it is the key's first. */
  readonly rotation: { readonly at: number; readonly type: 'AUTOMATIC' | 'ON_DEMAND' } | undefined
  /** Imported material only. */
  readonly expiresAt: number | undefined
  /** Imported material only. It stays when the material itself is gone. */
  readonly description: string | undefined
}

export interface AutomaticRotation {
  readonly periodInDays: number
  readonly nextAt: number
}

export interface KeyRecord {
  readonly id: string
  readonly arn: string
  readonly spec: KeySpec
  readonly usage: KeyUsage
  readonly origin: KeyOrigin
  readonly createdAt: number
  readonly description: string
  readonly tags: ReadonlyMap<string, string>
  /** None: the default policy. */
  readonly policy: string | undefined
  readonly state: KeyState
  /** Oldest first. None: nothing has ever been imported. */
  readonly materials: readonly KeyMaterial[]
  /** None: not rotated automatically. */
  readonly rotation: AutomaticRotation | undefined
  /**
   * None: a single-Region key. The keys of one multi-Region key are records of their own, with one
   * id. They share rotation and what it makes, which is the same in each; imported material is not
   * shared, but imported into each.
   */
  readonly multiRegion: 'PRIMARY' | 'REPLICA' | undefined
}

export interface AliasRecord {
  /** With its `alias/`. */
  readonly name: string
  readonly arn: string
  readonly keyArn: string
  readonly createdAt: number
  readonly updatedAt: number
}

export interface GrantRecord {
  readonly id: string
  readonly keyArn: string
  readonly name: string | undefined
  readonly granteePrincipal: string
  readonly retiringPrincipal: string | undefined
  readonly operations: readonly string[]
  /** All have to hold. None: any encryption context. */
  readonly constraints: readonly GrantConstraint[]
  readonly createdAt: number
}

export interface GrantConstraint {
  readonly kind: 'EncryptionContextEquals' | 'EncryptionContextSubset'
  readonly pairs: ReadonlyMap<string, string>
}

/** All that is kept: keys and aliases by ARN, grants by id. A change makes the next state. */
export interface StoreState {
  readonly keys: ReadonlyMap<string, KeyRecord>
  readonly aliases: ReadonlyMap<string, AliasRecord>
  readonly grants: ReadonlyMap<string, GrantRecord>
}

export const emptyState: StoreState = { keys: new Map(), aliases: new Map(), grants: new Map() }

export function withKeys(state: StoreState, ...keys: readonly KeyRecord[]): StoreState {
  const next = new Map(state.keys)
  for (const key of keys) next.set(key.arn, key)
  return { ...state, keys: next }
}

export function withAlias(state: StoreState, alias: AliasRecord): StoreState {
  return { ...state, aliases: new Map(state.aliases).set(alias.arn, alias) }
}

export function without<T>(records: ReadonlyMap<string, T>, name: string): ReadonlyMap<string, T> {
  const next = new Map(records)
  next.delete(name)
  return next
}

/** The state with what the keys of a multi-Region key share. */
export function withShared(
  state: StoreState,
  key: KeyRecord,
  shared: Partial<Pick<KeyRecord, 'materials' | 'rotation'>>,
): StoreState {
  return withKeys(state, ...relatedKeys(state, key).map((each) => ({ ...each, ...shared })))
}

/** The key itself and, of a multi-Region key, the keys of the other regions. */
export function relatedKeys(state: StoreState, { id, arn }: KeyRecord): KeyRecord[] {
  return [...state.keys.values()].filter((key) => key.arn === arn || key.id === id)
}
