import {
  CreateKeyCommand,
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  LimitExceededException,
  ListKeyPoliciesCommand,
  ListResourceTagsCommand,
  MalformedPolicyDocumentException,
  NotFoundException,
  paginateListResourceTags,
  PutKeyPolicyCommand,
  TagException,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateKeyDescriptionCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { rejection, start } from './harness.ts'

async function startWithKey() {
  const { kms, client } = await start()
  return { client, KeyId: await kms.createKey() }
}

const tag = (TagKey: string, TagValue = '') => ({ TagKey, TagValue })

async function tagsOf(client: KMSClient, KeyId: string) {
  return (await client.send(new ListResourceTagsCommand({ KeyId }))).Tags
}

describe('tags', () => {
  it('come with a key, are added, replaced and taken away', async () => {
    const { client } = await startWithKey()
    const Tags = [tag('team', 'orders'), tag('stage', 'test')]
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ Tags }))
    const KeyId = KeyMetadata?.Arn ?? ''
    expect(await tagsOf(client, KeyId)).toEqual([tag('stage', 'test'), tag('team', 'orders')])
    await client.send(
      new TagResourceCommand({ KeyId, Tags: [tag('team', 'é'), tag('__proto__', 'x')] }),
    )
    expect(await tagsOf(client, KeyId)).toEqual([
      tag('__proto__', 'x'),
      tag('stage', 'test'),
      tag('team', 'é'),
    ])
    await client.send(new UntagResourceCommand({ KeyId, TagKeys: ['stage', 'absent'] }))
    expect(await tagsOf(client, KeyId)).toEqual([tag('__proto__', 'x'), tag('team', 'é')])
  })

  it('are 50 at most, and listed page by page', async () => {
    const { client, KeyId } = await startWithKey()
    const Tags = Array.from({ length: 50 }, (_, i) => tag(`tag ${i}`))
    await client.send(new TagResourceCommand({ KeyId, Tags }))
    const more = new TagResourceCommand({ KeyId, Tags: [tag('one more')] })
    expect(await rejection(client.send(more))).toBeInstanceOf(LimitExceededException)
    const pages: unknown[] = []
    const paginator = paginateListResourceTags({ client, pageSize: 20 }, { KeyId })
    for await (const page of paginator) pages.push(page.Tags?.length)
    expect(pages).toEqual([20, 20, 10])
  })

  it.each([
    ['twice the same', [tag('a'), tag('a', 'b')]],
    ["one of AWS's", [tag('aws:team')]],
  ])('are not %s', async (_, Tags) => {
    const { client, KeyId } = await startWithKey()
    const tagging = client.send(new TagResourceCommand({ KeyId, Tags }))
    expect(await rejection(tagging)).toBeInstanceOf(TagException)
    expect(await rejection(client.send(new CreateKeyCommand({ Tags })))).toBeInstanceOf(
      TagException,
    )
  })
})

describe('UpdateKeyDescription', () => {
  it('changes the description', async () => {
    const { client, KeyId } = await startWithKey()
    await client.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'orders' }))
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata?.Description).toBe('orders')
  })
})

describe('key policies', () => {
  const Policy = '{"Version":"2012-10-17","Statement":[]}'

  it('are kept and given back', async () => {
    const { client, KeyId } = await startWithKey()
    const get = async () => (await client.send(new GetKeyPolicyCommand({ KeyId }))).Policy ?? ''
    expect(JSON.parse(await get())).toMatchObject({
      Statement: [{ Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:*' }],
    })
    await client.send(new PutKeyPolicyCommand({ KeyId, Policy }))
    expect(await get()).toBe(Policy)
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ Policy }))
    const made = await client.send(new GetKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId }))
    expect(made).toMatchObject({ Policy, PolicyName: 'default' })
  })

  it('have one name, and are JSON', async () => {
    const { client, KeyId } = await startWithKey()
    const { PolicyNames } = await client.send(new ListKeyPoliciesCommand({ KeyId }))
    expect(PolicyNames).toEqual(['default'])
    const other = new GetKeyPolicyCommand({ KeyId, PolicyName: 'other' })
    expect(await rejection(client.send(other))).toBeInstanceOf(NotFoundException)
    for (const wrong of ['{', '[]', 'null']) {
      const put = new PutKeyPolicyCommand({ KeyId, Policy: wrong })
      expect(await rejection(client.send(put))).toBeInstanceOf(MalformedPolicyDocumentException)
    }
  })

  it('have no more than 32 KiB', async () => {
    const { client, KeyId } = await startWithKey()
    const put = (bytes: number) => {
      const Policy = JSON.stringify({ Id: 'é'.repeat((bytes - '{"Id":""}'.length) / 2) }) + ' '
      return client.send(new PutKeyPolicyCommand({ KeyId, Policy }))
    }
    await put(32 * 1024)
    expect(await rejection(put(32 * 1024 + 2))).toMatchObject({ name: 'LimitExceededException' })
  })
})
