import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { EnvelopeClient, LocalCryptoMaterialsCache } from '../../../../src/index.ts'
import { type BranchKeyIdSupplier, HierarchicalKeyring } from '../../../../src/hierarchical.ts'
import { FakeBranchKeys, ttlMs, unwrap, wrapOne } from '../../../support/hierarchical.ts'
import { failure, foreignKey } from '../../../support/materials.ts'

const tenants = ['a', 'b', 'c', 'd']

function keyStoreOfTenants() {
  const keyStore = new FakeBranchKeys()
  for (const tenant of tenants) keyStore.add(`key-${tenant}`)
  return keyStore
}

const byTenant: BranchKeyIdSupplier = ({ tenant }) => `key-${tenant}`

const supplied = (branchKeyIdSupplier: BranchKeyIdSupplier, keyStore = keyStoreOfTenants()) =>
  new HierarchicalKeyring({ keyStore, branchKeyIdSupplier, ttlMs })

describe('with a supplier of branch key ids', () => {
  it.each<[string, BranchKeyIdSupplier]>([
    ['one that answers at once', byTenant],
    ['one that looks it up', async (context) => Promise.resolve(byTenant(context))],
  ])('each tenant has a branch key: %s', async (_, supplier) => {
    const keyStore = keyStoreOfTenants()
    const keyring = supplied(supplier, keyStore)
    for (const tenant of tenants) {
      const { key, dataKey } = await wrapOne(keyring, { tenant })
      expect(Buffer.from(key.providerInfo).toString()).toBe(`key-${tenant}`)
      const own = new HierarchicalKeyring({ keyStore, branchKeyId: `key-${tenant}`, ttlMs })
      expect((await unwrap(own, [key], { tenant })).dataKey).toEqual(dataKey)
    }
  })

  it('tenants get their own keys whatever is under way at the same time', async () => {
    const someTenant = fc.constantFrom(...tenants)
    await fc.assert(
      fc.asyncProperty(
        fc.array(someTenant, { maxLength: 40 }),
        fc.nat(3),
        async (order, capacity) => {
          const keyStore = keyStoreOfTenants()
          const cache = new LocalCryptoMaterialsCache({ capacity })
          const keyring = new HierarchicalKeyring({
            keyStore,
            branchKeyIdSupplier: byTenant,
            ttlMs,
            cache,
          })
          const wrapped = await Promise.all(order.map((tenant) => wrapOne(keyring, { tenant })))
          const opened = await Promise.all(
            wrapped.map(({ key }, i) => unwrap(keyring, [key], { tenant: order[i] ?? '' })),
          )
          const alone = await Promise.all(
            wrapped.map(async ({ key }, i) => {
              const branchKeyId = `key-${order[i]}`
              const own = new HierarchicalKeyring({ keyStore, branchKeyId, ttlMs })
              return unwrap(own, [key], { tenant: order[i] ?? '' })
            }),
          )
          const dataKeys = wrapped.map(({ dataKey }) => dataKey)
          expect(opened.map(({ dataKey }) => dataKey)).toEqual(dataKeys)
          expect(alone.map(({ dataKey }) => dataKey)).toEqual(dataKeys)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('no message of one tenant opens for another, and the error names both branch keys', async () => {
    const keyring = supplied(byTenant)
    const client = new EnvelopeClient({ keyring })
    const { ciphertext } = await client.encrypt('x', { encryptionContext: { tenant: 'a' } })
    const asOther = new EnvelopeClient({ keyring: supplied(() => 'key-b') })
    const error = await failure(() => asOther.decrypt(ciphertext))
    expect(error.code).toBe('ERR_UNWRAP_FAILED')
    expect(error.message).toContain('"key-a"')
    expect(error.message).toContain('branchKeyIdSupplier gave "key-b"')

    // Who asks is not who the message is of: the application's own expectation says so.
    const expecting = failure(() =>
      client.decrypt(ciphertext, { encryptionContext: { tenant: 'b' } }),
    )
    expect(await expecting).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH' })
  })

  it('a data key that was relabelled opens under no branch key', async () => {
    const keyring = supplied(byTenant)
    const { key } = await wrapOne(keyring, { tenant: 'a' })
    const relabelled = { ...key, providerInfo: Buffer.from('key-b') }
    expect((await unwrap(keyring, [relabelled], { tenant: 'b' })).dataKey).toBeUndefined()
    expect((await unwrap(keyring, [key], { tenant: 'b' })).dataKey).toBeUndefined()
  })

  const noBranchKey: Record<string, BranchKeyIdSupplier> = {
    'it throws': () => {
      throw new Error('no such tenant')
    },
    'it rejects': async () => Promise.reject(new Error('no such tenant')),
    'it gives undefined': () => undefined as never,
    'it gives null': async () => null as never,
    'it gives a number': () => 1 as never,
    'it gives nothing': () => '',
    'it gives what no message can hold': () => 'x'.repeat(0x10000),
    'it gives a lone surrogate': () => '\ud800',
  }
  it.each(Object.entries(noBranchKey))('%s: ERR_BRANCH_KEY_ID', async (_, supplier) => {
    const keyStore = keyStoreOfTenants()
    const keyring = supplied(supplier, keyStore)
    const error = await failure(() => wrapOne(keyring, { tenant: 'a' }))
    expect(error).toMatchObject({ code: 'ERR_BRANCH_KEY_ID' })
    expect(error.message).toContain('branchKeyIdSupplier')

    const { key } = await wrapOne(supplied(byTenant), { tenant: 'a' })
    const { attempts } = await unwrap(keyring, [foreignKey(), key], { tenant: 'a' })
    expect(attempts).toMatchObject([
      { outcome: 'skipped' },
      { outcome: 'failed', key: 'key-a', cause: { code: 'ERR_BRANCH_KEY_ID' } },
    ])
    expect(keyStore.asked).toEqual([])
  })

  it('the supplier is not asked about messages of other keyrings', async () => {
    const supplier = vi.fn(byTenant)
    const { attempts } = await unwrap(supplied(supplier), [foreignKey()], {})
    expect(attempts).toMatchObject([{ outcome: 'skipped' }])
    expect(supplier).not.toHaveBeenCalled()
  })

  it('the supplier cannot change the encryption context', async () => {
    const keyring = supplied((context) => {
      Reflect.set(context, 'tenant', 'b')
      return byTenant(context)
    })
    const { header } = await new EnvelopeClient({ keyring }).encrypt('x', {
      encryptionContext: { tenant: 'a' },
    })
    expect(header.encryptionContext).toMatchObject({ tenant: 'a' })
    expect(Buffer.from(header.encryptedDataKeys[0]?.providerInfo ?? []).toString()).toBe('key-a')
  })
})
