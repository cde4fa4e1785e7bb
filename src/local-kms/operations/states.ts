import { z } from 'zod'
import { DAY_MS } from '../due-changes.ts'
import { requireState, manageable } from '../key-checks.ts'
import { existing } from '../key-store.ts'
import { KmsError } from '../kms-error.ts'
import { keyId } from '../members.ts'
import {
  relatedKeys,
  withKeys,
  withShared,
  type KeyRecord,
  type KeyState,
  type StoreState,
} from '../records.ts'
import { resolveKeyButNoAlias } from '../resolve-key.ts'
import { operation } from './operation.ts'

export const EnableKey = operation(
  z.object({ KeyId: keyId }),
  async ({ KeyId }, { store, scope, clock }) => {
    const { arn } = resolveKeyButNoAlias(store, scope, KeyId)
    await store.change((state) => {
      const key = existing(state, arn)
      requireState(key, 'Enabled', 'Disabled')
      const enabled = withKeys(state, { ...key, state: { name: 'Enabled' } })
      return withShared(enabled, key, { rotation: rotationFrom(key, clock.now()) })
    })
    return {}
  },
)

export const DisableKey = operation(
  z.object({ KeyId: keyId }),
  async ({ KeyId }, { store, scope }) => {
    await store.changeKey(resolveKeyButNoAlias(store, scope, KeyId), (key) => {
      requireState(key, 'Enabled', 'Disabled')
      return { ...key, state: { name: 'Disabled' } }
    })
    return {}
  },
)

export const ScheduleKeyDeletion = operation(
  z.object({ KeyId: keyId, PendingWindowInDays: z.int().min(7).max(30).default(30) }),
  async ({ KeyId, PendingWindowInDays }, { store, scope, clock }) => {
    const target = resolveKeyButNoAlias(store, scope, KeyId)
    await store.changeKey(target, (key, state) => {
      requireState(key, ...manageable)
      return { ...key, state: stateBeforeDeletion(key, state, PendingWindowInDays, clock.now()) }
    })
    const { state } = store.existingKey(target.arn)
    return {
      KeyId: target.arn,
      KeyState: state.name,
      PendingWindowInDays,
      ...(state.name === 'PendingDeletion' && { DeletionDate: state.deletionAt / 1000 }),
    }
  },
)

export const CancelKeyDeletion = operation(
  z.object({ KeyId: keyId }),
  async ({ KeyId }, { store, scope }) => {
    const target = resolveKeyButNoAlias(store, scope, KeyId)
    await store.changeKey(target, (key) => {
      const { name } = key.state
      if (name !== 'PendingDeletion' && name !== 'PendingReplicaDeletion') {
        throw new KmsError('KMSInvalidStateException', `${key.arn} is not pending deletion.`)
      }
      return { ...key, state: { name: hasMaterial(key) ? 'Disabled' : 'PendingImport' } }
    })
    return { KeyId: target.arn }
  },
)

/** The replicas of a primary key have to go first: its waiting period begins after them. */
function stateBeforeDeletion(
  key: KeyRecord,
  state: StoreState,
  windowInDays: number,
  now: number,
): KeyState {
  if (key.multiRegion === 'PRIMARY' && relatedKeys(state, key).length > 1) {
    return { name: 'PendingReplicaDeletion', windowInDays }
  }
  return { name: 'PendingDeletion', windowInDays, deletionAt: now + windowInDays * DAY_MS }
}

/** A rotation that fell due while the key was disabled is made up for, once. */
function rotationFrom({ rotation }: KeyRecord, now: number): KeyRecord['rotation'] {
  return rotation && { ...rotation, nextAt: Math.max(rotation.nextAt, now) }
}

function hasMaterial({ materials }: KeyRecord): boolean {
  return materials.at(-1)?.key !== undefined
}
