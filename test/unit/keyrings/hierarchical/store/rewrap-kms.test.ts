import type { KMSClient } from '@aws-sdk/client-kms'
import { beforeAll, describe, expect, it } from 'vitest'
import { BranchKeyStore, InMemoryKeyStorage } from '../../../../../src/hierarchical.ts'
import { hierarchyVersions } from '../../../../support/branch-key-stores.ts'
import { FakeKms } from '../../../../support/fake-kms.ts'
import { failure } from '../../../../support/materials.ts'
import { type Original, type Stores, copyOf, makeOriginal } from '../../../../support/rewrapping.ts'

// What rewrapKey asks of KMS, and what it says when that fails.
const branchKeyId = 'orders'
const [oldKey, newKey] = ['old', 'new'].map(
  (name) => `arn:aws:kms:eu-central-1:111122223333:key/${name}`,
) as [string, string]
const kms = new FakeKms().client('eu-central-1')
const stores: Stores = {
  store: (options) =>
    new BranchKeyStore({
      client: kms,
      kmsConfiguration: { type: 'key', keyArn: oldKey },
      logicalKeyStoreName: 'test-keys',
      storage: new InMemoryKeyStorage(),
      ...options,
    }),
}

interface Asked {
  readonly operation: string
  readonly input: Record<string, unknown>
}

/** The KMS with somebody between, who may throw. */
function watched(see: (asked: Asked) => void): KMSClient {
  const send = async (command: object & { input: Record<string, unknown> }) => {
    see({ operation: command.constructor.name.replace('Command', ''), input: command.input })
    return kms.send(command as never)
  }
  return { config: kms.config, send } as unknown as KMSClient
}

function kmsError(name: string): Error {
  return Object.assign(new Error('no'), { name })
}

describe.each(hierarchyVersions)('rewrapKey, hierarchy version %s', (hierarchyVersion) => {
  let original: Original
  beforeAll(async () => {
    original = await makeOriginal(stores, hierarchyVersion)
  })

  // Under the new key a ciphertext is only opened that this call has just made.
  it.each(
    ['InvalidCiphertextException', 'IncorrectKeyException'].flatMap((name) =>
      [false, true].map((hasClient) => ({ name, hasClient })),
    ),
  )(
    'blames the destination for what it does not open again: $name, own client $hasClient',
    async ({ name, hasClient }) => {
      const client = watched(({ input }) => {
        if ((input['SourceKeyId'] ?? input['KeyId']) !== newKey || input['Plaintext']) return
        throw kmsError(name)
      })
      const storage = await copyOf(original)
      const to = { keyArn: newKey, ...(hasClient ? { client } : {}) }
      const store = stores.store({ storage, client })
      const error = await failure(() => store.rewrapKey({ branchKeyId, to }))
      expect(error.code).toBe('ERR_BRANCH_KEY_KMS')
      expect(error.message).toContain(newKey)
      expect(error.message).not.toContain('was changed')
      expect(await storage.list(branchKeyId)).toEqual(await original.storage.list(branchKeyId))
    },
  )

  it('sends grant tokens with the keys that they are for', async () => {
    const run = async (hasClient: boolean, given: { grantTokens?: string[] }) => {
      const tokens: Record<string, unknown> = {}
      const client = watched(({ input }) => {
        tokens[String(input['SourceKeyId'] ?? input['KeyId'])] = input['GrantTokens']
      })
      const storage = await copyOf(original)
      const to = { keyArn: newKey, ...(hasClient ? { client } : {}), ...given }
      await stores.store({ storage, client, grantTokens: ['old'] }).rewrapKey({ branchKeyId, to })
      return tokens
    }
    const grantTokens = ['new']
    expect(await run(false, {})).toEqual({ [oldKey]: ['old'], [newKey]: ['old'] })
    expect(await run(true, {})).toEqual({ [oldKey]: ['old'], [newKey]: undefined })
    expect(await run(true, { grantTokens })).toEqual({ [oldKey]: ['old'], [newKey]: ['new'] })
    // A ReEncrypt has one list for both.
    const both = { [oldKey]: ['old', 'new'], [newKey]: ['old', 'new'] }
    expect(await run(false, { grantTokens })).toEqual(both)
  })
})

it('names both keys when KMS does not move a record from one to the other', async () => {
  const original = await makeOriginal(stores, 1)
  const client = watched(({ operation }) => {
    if (operation === 'ReEncrypt') throw kmsError('NotFoundException')
  })
  const store = stores.store({ storage: await copyOf(original), client })
  const error = await failure(() => store.rewrapKey({ branchKeyId, to: { keyArn: newKey } }))
  expect(error.message).toContain(`from the key ${oldKey} to the key ${newKey}`)
})

it('refuses grant tokens that are none', async () => {
  const to = { keyArn: newKey, grantTokens: 'token' } as never
  const error = await failure(() => stores.store({}).rewrapKey({ branchKeyId, to }))
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', field: 'to.grantTokens' })
})
