import { z } from 'zod'
import { aliasArn } from '../arn.ts'
import { aliasName } from '../alias-name.ts'
import type { Environment } from '../environment.ts'
import { manageable, requireState } from '../key-checks.ts'
import { isAsymmetric } from '../key-specs.ts'
import { existing } from '../key-store.ts'
import { KmsError } from '../kms-error.ts'
import { keyId, limit, marker } from '../members.ts'
import { requireRoomForAlias, withNewAlias } from '../new-key.ts'
import { pageOf } from '../paging.ts'
import { withAlias, without, type KeyRecord } from '../records.ts'
import { isAlias, requireAlias, resolveKey, resolveKeyButNoAlias } from '../resolve-key.ts'
import { operation } from './operation.ts'

const aliasRequest = z.object({ AliasName: aliasName, TargetKeyId: keyId })

export const CreateAlias = operation(aliasRequest, async (input, environment) => {
  const { store, scope, clock } = environment
  const { arn } = resolveTarget(environment, input.TargetKeyId)
  await store.change((state) => withNewAlias(state, scope, input.AliasName, arn, clock.now()))
  return {}
})

export const UpdateAlias = operation(aliasRequest, async (input, environment) => {
  const { store, scope, clock } = environment
  const { arn } = resolveTarget(environment, input.TargetKeyId)
  const ofAlias = aliasArn(scope, input.AliasName)
  await store.change((state) => {
    const alias = requireAlias(state.aliases.get(ofAlias), ofAlias)
    const target = existing(state, arn)
    requireState(target, ...manageable)
    requireSameType(existing(state, alias.keyArn), target)
    if (alias.keyArn !== arn) requireRoomForAlias(state, arn)
    return withAlias(state, { ...alias, keyArn: arn, updatedAt: clock.now() })
  })
  return {}
})

export const DeleteAlias = operation(
  z.object({ AliasName: aliasName }),
  async ({ AliasName }, { store, scope }) => {
    const arn = aliasArn(scope, AliasName)
    await store.change((state) => {
      requireAlias(state.aliases.get(arn), arn)
      return { ...state, aliases: without(state.aliases, arn) }
    })
    return {}
  },
)

export const ListAliases = operation(
  z.object({ KeyId: keyId.optional(), Limit: limit(100, 50), Marker: marker }),
  ({ KeyId, Limit, Marker }, { store, scope }) => {
    const key = KeyId === undefined ? undefined : resolveKeyButNoAlias(store, scope, KeyId)
    const aliases = store.aliases(scope).filter(({ keyArn }) => !key || keyArn === key.arn)
    const { items, position } = pageOf(aliases, ({ name }) => name, Limit, Marker)
    return {
      Aliases: items.map(({ name, arn, keyArn, createdAt, updatedAt }) => ({
        AliasName: name,
        AliasArn: arn,
        TargetKeyId: keyArn.slice(keyArn.indexOf('/') + 1),
        CreationDate: createdAt / 1000,
        LastUpdatedDate: updatedAt / 1000,
      })),
      ...position,
    }
  },
)

function resolveTarget({ store, scope }: Environment, target: string): KeyRecord {
  if (isAlias(target)) {
    throw new KmsError('ValidationException', 'Aliases must refer to keys. Not aliases')
  }
  return resolveKey(store, scope, target)
}

/** So that code which uses the alias goes on working with the new key. */
function requireSameType(current: KeyRecord, target: KeyRecord): void {
  const isSame =
    current.usage === target.usage && isAsymmetric(current.spec) === isAsymmetric(target.spec)
  if (isSame) return
  throw new KmsError(
    'ValidationException',
    `The alias can not be moved from ${current.arn} (${current.spec}, ${current.usage}) to ` +
      `${target.arn} (${target.spec}, ${target.usage}): the keys must be of the same type, ` +
      'symmetric, asymmetric or HMAC, and have the same key usage.',
  )
}
