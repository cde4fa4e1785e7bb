import { call, unknownKey, type Topic } from '../call.ts'

const key = { KeyId: '$taggedKeyId' }

export const tags: Topic = {
  title: 'Tags',
  calls: [
    call(
      'CreateKey',
      'with tags',
      { Tags: [{ TagKey: 'team', TagValue: 'shop' }] },
      { remember: { taggedKeyId: 'KeyMetadata.KeyId', taggedKeyArn: 'KeyMetadata.Arn' } },
    ),
    call('ListResourceTags', 'of a new key', key),
    call('TagResource', 'one new and one changed', {
      ...key,
      Tags: [
        { TagKey: 'team', TagValue: 'bank' },
        { TagKey: 'stage', TagValue: '' },
      ],
    }),
    call('ListResourceTags', 'after a change', key),
    call('UntagResource', 'one', { ...key, TagKeys: ['team'] }),
    call('UntagResource', 'one that is not there', { ...key, TagKeys: ['nobody'] }),
    call('ListResourceTags', 'after one is gone', { KeyId: '$taggedKeyArn' }),
    call('TagResource', 'with a tag key of AWS', {
      ...key,
      Tags: [{ TagKey: 'aws:team', TagValue: 'shop' }],
    }),
    call('TagResource', 'with a tag key twice', {
      ...key,
      Tags: [
        { TagKey: 'a', TagValue: '1' },
        { TagKey: 'a', TagValue: '2' },
      ],
    }),
    call('TagResource', 'by alias', {
      KeyId: 'alias/shop/eu',
      Tags: [{ TagKey: 'a', TagValue: '1' }],
    }),
    call('TagResource', 'an unknown key', {
      KeyId: unknownKey,
      Tags: [{ TagKey: 'a', TagValue: '1' }],
    }),
    call('TagResource', 'with an empty tag key', { ...key, Tags: [{ TagKey: '', TagValue: 'a' }] }),
    call('TagResource', 'with 51 tags', {
      ...key,
      Tags: Array.from({ length: 51 }, (_, index) => ({ TagKey: `tag${index}`, TagValue: '' })),
    }),
    call('ListResourceTags', 'of an unknown key', {
      KeyId: unknownKey,
    }),
  ],
}
