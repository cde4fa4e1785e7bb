import { z } from 'zod'
import { KmsError } from './kms-error.ts'

const MAX_TAGS = 50

const tag = z.object({ TagKey: z.string().min(1).max(128), TagValue: z.string().max(256) })

export const tagKeys = z.array(z.string().min(1).max(128)).max(200)

/** The tags of a request, by their keys. */
export const tags = z.array(tag).transform((list) => {
  const byKey = new Map(list.map(({ TagKey, TagValue }) => [TagKey, TagValue]))
  if (byKey.size < list.length) {
    throw new KmsError('TagException', 'The request holds the same tag key twice.')
  }
  const reserved = list.find(({ TagKey }) => /^aws:/i.test(TagKey))
  if (reserved) {
    throw new KmsError('TagException', `Tag keys that start with aws: are reserved for AWS.`)
  }
  return checkTagCount(byKey)
})

export function checkTagCount(byKey: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (byKey.size <= MAX_TAGS) return byKey
  throw new KmsError('LimitExceededException', `A key can have no more than ${MAX_TAGS} tags.`)
}

/** As KMS answers them, in the order of their keys. */
export function tagList(
  byKey: ReadonlyMap<string, string>,
): { TagKey: string; TagValue: string }[] {
  return [...byKey]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
}
