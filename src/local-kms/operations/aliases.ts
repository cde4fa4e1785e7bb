import { z } from 'zod'
import { aliasName } from '../alias-name.ts'
import { KmsError } from '../kms-error.ts'
import { keyId, limit, marker } from '../members.ts'
import { pageOf } from '../paging.ts'
import { isAlias, resolveKey, resolveKeyButNoAlias } from '../resolve-key.ts'
import { operation } from './operation.ts'

export const CreateAlias = operation(
  z.object({ AliasName: aliasName, TargetKeyId: keyId }),
  async ({ AliasName, TargetKeyId }, { store, scope }) => {
    if (isAlias(TargetKeyId)) {
      throw new KmsError('ValidationException', 'Aliases must refer to keys. Not aliases')
    }
    await store.createAlias(scope, AliasName, resolveKey(store, scope, TargetKeyId))
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
      Aliases: items.map(({ name, arn, keyArn, createdAt }) => ({
        AliasName: name,
        AliasArn: arn,
        TargetKeyId: keyArn.slice(keyArn.indexOf('/') + 1),
        CreationDate: createdAt / 1000,
        LastUpdatedDate: createdAt / 1000,
      })),
      ...position,
    }
  },
)
