import { rotated, withoutImportedMaterial } from './key-material.ts'
import type { AutomaticRotation, KeyRecord, StoreState } from './records.ts'

/* What the passing of time does to keys. */

/** All keys of one id: a single-Region key, or a multi-Region key with those of its other regions. */
type RelatedKeys = readonly KeyRecord[]

interface DueChange {
  readonly at: number
  readonly apply: (keys: RelatedKeys) => RelatedKeys
}

export const DAY_MS = 24 * 60 * 60 * 1000

/** When the next change is due; `Infinity` where none is. */
export function nextDueAt({ keys }: StoreState): number {
  return earliest(keys.values())?.at ?? Infinity
}

/** The state with all that is due by `now`. */
export function settled(state: StoreState, now: number): StoreState {
  if (nextDueAt(state) > now) return state
  const left = new Map<string, KeyRecord>()
  for (const related of byId(state.keys.values())) {
    for (const key of settledKeys(related, now)) left.set(key.arn, key)
  }
  return {
    // In their order, which is that of their making.
    keys: new Map([...state.keys.keys()].flatMap((arn) => entry(left, arn))),
    // Aliases and grants go with their key.
    aliases: new Map([...state.aliases].filter(([, { keyArn }]) => left.has(keyArn))),
    grants: new Map([...state.grants].filter(([, { keyArn }]) => left.has(keyArn))),
  }
}

/**
 * One change after another, in the order of their times, as one can bring about the next: a replica's
 * deletion starts the waiting period of its primary.
 */
function settledKeys(keys: RelatedKeys, now: number): RelatedKeys {
  for (let due = earliest(keys); due && due.at <= now; due = earliest(keys)) keys = due.apply(keys)
  return keys
}

function byId(keys: Iterable<KeyRecord>): Iterable<RelatedKeys> {
  const groups = new Map<string, KeyRecord[]>()
  for (const key of keys) {
    const group = groups.get(key.id)
    if (group) group.push(key)
    else groups.set(key.id, [key])
  }
  return groups.values()
}

function entry<T>(map: ReadonlyMap<string, T>, name: string): [string, T][] {
  const value = map.get(name)
  return value === undefined ? [] : [[name, value]]
}

function earliest(keys: Iterable<KeyRecord>): DueChange | undefined {
  let first: DueChange | undefined
  for (const key of keys) {
    for (const change of dueChangesOf(key)) {
      if (!first || change.at < first.at) first = change
    }
  }
  return first
}

function dueChangesOf(key: KeyRecord): DueChange[] {
  const { state, rotation } = key
  const changes: DueChange[] = []
  if (state.name === 'PendingDeletion') {
    const at = state.deletionAt
    changes.push({ at, apply: (keys) => withoutKey(keys, key, at) })
  }
  // The replicas are rotated with their primary. A key that is not enabled waits until it is.
  if (rotation && state.name === 'Enabled' && key.multiRegion !== 'REPLICA') {
    const at = rotation.nextAt
    changes.push({ at, apply: (keys) => withRotation(keys, key, rotation) })
  }
  const expiresAt = key.materials.at(-1)?.expiresAt
  if (expiresAt !== undefined) {
    changes.push({
      at: expiresAt,
      apply: (keys) => keys.map((each) => (each === key ? withoutImportedMaterial(key) : each)),
    })
  }
  return changes
}

function withRotation(
  keys: RelatedKeys,
  key: KeyRecord,
  { periodInDays, nextAt }: AutomaticRotation,
): RelatedKeys {
  const materials = rotated(key, { at: nextAt, type: 'AUTOMATIC' })
  const rotation = { periodInDays, nextAt: nextAt + periodInDays * DAY_MS }
  return keys.map((each) => ({ ...each, materials, rotation }))
}

function withoutKey(keys: RelatedKeys, key: KeyRecord, at: number): RelatedKeys {
  const others = keys.filter((each) => each !== key)
  const [last] = others
  if (others.length > 1 || last?.state.name !== 'PendingReplicaDeletion') return others
  const { windowInDays } = last.state
  const deletionAt = at + windowInDays * DAY_MS
  return [{ ...last, state: { name: 'PendingDeletion', windowInDays, deletionAt } }]
}
