import { rotated, withoutImportedMaterial } from './key-material.ts'
import {
  relatedKeys,
  withKeys,
  without,
  withShared,
  type AutomaticRotation,
  type KeyRecord,
  type StoreState,
} from './records.ts'

/* What the passing of time does to keys. */

interface DueChange {
  readonly at: number
  readonly apply: (state: StoreState) => StoreState
}

export const DAY_MS = 24 * 60 * 60 * 1000

/** When the next change is due; `Infinity` where none is. */
export function nextDueAt(state: StoreState): number {
  return earliest(state)?.at ?? Infinity
}

/**
 * The state with all that is due by `now`. One change after another, in the order of their times, as
 * one can bring about the next: a replica's deletion starts the waiting period of its primary.
 */
export function settled(state: StoreState, now: number): StoreState {
  for (let due = earliest(state); due && due.at <= now; due = earliest(state)) {
    state = due.apply(state)
  }
  return state
}

function earliest(state: StoreState): DueChange | undefined {
  let first: DueChange | undefined
  for (const key of state.keys.values()) {
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
    changes.push({ at, apply: (store) => withoutKey(store, key, at) })
  }
  // The replicas are rotated with their primary. A key that is not enabled waits until it is.
  if (rotation && state.name === 'Enabled' && key.multiRegion !== 'REPLICA') {
    const at = rotation.nextAt
    changes.push({ at, apply: (store) => withRotation(store, key, rotation) })
  }
  const expiresAt = key.materials.at(-1)?.expiresAt
  if (expiresAt !== undefined) {
    changes.push({
      at: expiresAt,
      apply: (store) => withKeys(store, withoutImportedMaterial(key)),
    })
  }
  return changes
}

function withRotation(store: StoreState, key: KeyRecord, rotation: AutomaticRotation): StoreState {
  const { periodInDays, nextAt } = rotation
  return withShared(store, key, {
    materials: rotated(key, { at: nextAt, type: 'AUTOMATIC' }),
    rotation: { periodInDays, nextAt: nextAt + periodInDays * DAY_MS },
  })
}

/** Aliases and grants go with their key. */
function withoutKey(store: StoreState, key: KeyRecord, at: number): StoreState {
  const isOther = ([, { keyArn }]: readonly [string, { readonly keyArn: string }]) =>
    keyArn !== key.arn
  return withPrimaryReleased(
    {
      keys: without(store.keys, key.arn),
      aliases: new Map([...store.aliases].filter(isOther)),
      grants: new Map([...store.grants].filter(isOther)),
    },
    key,
    at,
  )
}

function withPrimaryReleased(store: StoreState, deleted: KeyRecord, at: number): StoreState {
  const [last, ...others] = relatedKeys(store, deleted)
  if (last?.state.name !== 'PendingReplicaDeletion' || others.length > 0) return store
  const { windowInDays } = last.state
  const deletionAt = at + windowInDays * DAY_MS
  return withKeys(store, { ...last, state: { name: 'PendingDeletion', windowInDays, deletionAt } })
}
