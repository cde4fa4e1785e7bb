import { z } from 'zod'
import { DAY_MS } from '../due-changes.ts'
import { manageable, requireState } from '../key-checks.ts'
import { rotated } from '../key-material.ts'
import { existing } from '../key-store.ts'
import { KmsError } from '../kms-error.ts'
import { keyId, limit, marker } from '../members.ts'
import { pageOf } from '../paging.ts'
import { withShared, type KeyMaterial, type KeyRecord } from '../records.ts'
import { resolveKeyButNoAlias } from '../resolve-key.ts'
import { expirationAnswer } from './metadata.ts'
import { operation, type Answer } from './operation.ts'

const MAX_ON_DEMAND_ROTATIONS = 25
const DEFAULT_PERIOD_IN_DAYS = 365

export const EnableKeyRotation = operation(
  z.object({ KeyId: keyId, RotationPeriodInDays: z.int().min(90).max(2560).optional() }),
  async ({ KeyId, RotationPeriodInDays = DEFAULT_PERIOD_IN_DAYS }, { store, scope, clock }) => {
    const { arn } = resolveKeyButNoAlias(store, scope, KeyId)
    await store.change((state) => {
      const key = existing(state, arn)
      requireRotatable(key)
      if (key.rotation?.periodInDays === RotationPeriodInDays) return state
      const nextAt = clock.now() + RotationPeriodInDays * DAY_MS
      return withShared(state, key, { rotation: { periodInDays: RotationPeriodInDays, nextAt } })
    })
    return {}
  },
)

export const DisableKeyRotation = operation(
  z.object({ KeyId: keyId }),
  async ({ KeyId }, { store, scope }) => {
    const { arn } = resolveKeyButNoAlias(store, scope, KeyId)
    await store.change((state) => {
      const key = existing(state, arn)
      requireRotatable(key)
      return withShared(state, key, { rotation: undefined })
    })
    return {}
  },
)

/** The keys that are never rotated have a status, too: it is false. */
export const GetKeyRotationStatus = operation(
  z.object({ KeyId: keyId }),
  ({ KeyId }, { store, scope }) => {
    const { arn, rotation, state } = resolveKeyButNoAlias(store, scope, KeyId)
    // A key that is pending deletion is not rotated; what it had comes back with CancelKeyDeletion.
    const isOn = manageable.some((name) => name === state.name)
    if (!rotation || !isOn) return { KeyId: arn, KeyRotationEnabled: false }
    return {
      KeyId: arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays: rotation.periodInDays,
      NextRotationDate: rotation.nextAt / 1000,
    }
  },
)

/** Done at once, where KMS takes some minutes. The schedule of automatic rotation stays as it is. */
export const RotateKeyOnDemand = operation(
  z.object({ KeyId: keyId }),
  async ({ KeyId }, { store, scope, clock }) => {
    const { arn } = resolveKeyButNoAlias(store, scope, KeyId)
    await store.change((state) => {
      const key = existing(state, arn)
      requireRotatable(key)
      const count = key.materials.filter(({ rotation }) => rotation?.type === 'ON_DEMAND').length
      if (count >= MAX_ON_DEMAND_ROTATIONS) {
        throw new KmsError(
          'LimitExceededException',
          `${arn} was rotated on demand ${count} times; a key can be no more than ` +
            `${MAX_ON_DEMAND_ROTATIONS} times.`,
        )
      }
      const materials = rotated(key, { at: clock.now(), type: 'ON_DEMAND' })
      return withShared(state, key, { materials })
    })
    return { KeyId: arn }
  },
)

export const ListKeyRotations = operation(
  z.object({
    KeyId: keyId,
    IncludeKeyMaterial: z.enum(['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']).default('ROTATIONS_ONLY'),
    Limit: limit(1000, 100),
    Marker: marker,
  }),
  ({ KeyId, IncludeKeyMaterial, Limit, Marker }, { store, scope }) => {
    const key = resolveKeyButNoAlias(store, scope, KeyId)
    requireSymmetric(key)
    const numbered = key.materials
      .map((material, number) => ({ material, number }))
      .filter(({ material }) => material.rotation ?? IncludeKeyMaterial === 'ALL_KEY_MATERIAL')
    // Oldest first; a page's marker holds a text, so that the numbers have to sort as one.
    const nameOf = ({ number }: { number: number }) => String(number).padStart(9, '0')
    const { items, position } = pageOf(numbered, nameOf, Limit, Marker)
    return { Rotations: items.map(({ material }) => rotationAnswer(key, material)), ...position }
  },
)

function rotationAnswer(key: KeyRecord, material: KeyMaterial): Answer {
  const { id, rotation, description } = material
  return {
    KeyId: key.arn,
    KeyMaterialId: id,
    KeyMaterialState: material === key.materials.at(-1) ? 'CURRENT' : 'NON_CURRENT',
    ...(rotation && { RotationDate: rotation.at / 1000, RotationType: rotation.type }),
    ...(key.origin === 'EXTERNAL' && {
      ImportState: material.key ? 'IMPORTED' : 'PENDING_IMPORT',
      ...expirationAnswer(material),
      ...(description !== undefined && { KeyMaterialDescription: description }),
    }),
  }
}

function requireRotatable(key: KeyRecord): void {
  requireSymmetric(key)
  if (key.origin === 'EXTERNAL') {
    throw unsupported(`${key.arn} origin is EXTERNAL which is not valid for this operation.`)
  }
  if (key.multiRegion === 'REPLICA') {
    throw unsupported(`${key.arn} is a replica key: it is rotated with its primary key.`)
  }
  requireState(key, 'Enabled')
}

function requireSymmetric({ arn, spec }: KeyRecord): void {
  if (spec === 'SYMMETRIC_DEFAULT') return
  throw unsupported(`${arn} key spec is ${spec} which is not valid for this operation.`)
}

function unsupported(message: string): KmsError {
  return new KmsError('UnsupportedOperationException', message)
}
