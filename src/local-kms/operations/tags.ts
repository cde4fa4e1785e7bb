import { z } from 'zod'
import { manageable, requireState } from '../key-checks.ts'
import { keyId, limit, marker } from '../members.ts'
import { pageOf } from '../paging.ts'
import { resolveKeyButNoAlias } from '../resolve-key.ts'
import { checkTagCount, tagKeys, tagList, tags } from '../tags.ts'
import { operation } from './operation.ts'

export const TagResource = operation(
  z.object({ KeyId: keyId, Tags: tags }),
  async ({ KeyId, Tags }, { store, scope }) => {
    await store.changeKey(resolveKeyButNoAlias(store, scope, KeyId), (key) => {
      requireState(key, ...manageable)
      return { ...key, tags: checkTagCount(new Map([...key.tags, ...Tags])) }
    })
    return {}
  },
)

export const UntagResource = operation(
  z.object({ KeyId: keyId, TagKeys: tagKeys }),
  async ({ KeyId, TagKeys }, { store, scope }) => {
    await store.changeKey(resolveKeyButNoAlias(store, scope, KeyId), (key) => {
      requireState(key, ...manageable)
      return { ...key, tags: new Map([...key.tags].filter(([name]) => !TagKeys.includes(name))) }
    })
    return {}
  },
)

export const ListResourceTags = operation(
  z.object({ KeyId: keyId, Limit: limit(50, 50), Marker: marker }),
  ({ KeyId, Limit, Marker }, { store, scope }) => {
    const { tags: byKey } = resolveKeyButNoAlias(store, scope, KeyId)
    const { items, position } = pageOf(tagList(byKey), ({ TagKey }) => TagKey, Limit, Marker)
    return { Tags: items, ...position }
  },
)
