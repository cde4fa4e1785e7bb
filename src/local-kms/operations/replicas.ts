import { z } from 'zod'
import { description, keyId, region } from '../members.ts'
import { replicateKey, updatePrimaryRegion } from '../replication.ts'
import { resolveKeyButNoAlias } from '../resolve-key.ts'
import { tagList, tags } from '../tags.ts'
import { metadataOf } from './metadata.ts'
import { operation } from './operation.ts'
import { defaultPolicy, policy } from './policies.ts'

export const ReplicateKey = operation(
  z.object({
    KeyId: keyId,
    ReplicaRegion: region,
    Description: description.optional(),
    Tags: tags.optional(),
    Policy: policy.optional(),
  }),
  async (input, environment) => {
    const { store, scope } = environment
    const replica = await replicateKey(
      environment,
      resolveKeyButNoAlias(store, scope, input.KeyId),
      {
        region: input.ReplicaRegion,
        description: input.Description,
        tags: input.Tags,
        policy: input.Policy,
      },
    )
    return {
      ReplicaKeyMetadata: metadataOf(replica, store),
      ReplicaPolicy: replica.policy ?? defaultPolicy(replica.arn),
      ReplicaTags: tagList(replica.tags),
    }
  },
)

export const UpdatePrimaryRegion = operation(
  z.object({ KeyId: keyId, PrimaryRegion: region }),
  async ({ KeyId, PrimaryRegion }, environment) => {
    const { store, scope } = environment
    const primary = resolveKeyButNoAlias(store, scope, KeyId)
    await updatePrimaryRegion(environment, primary, PrimaryRegion)
    return {}
  },
)
