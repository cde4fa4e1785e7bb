import { buildClient, CommitmentPolicy } from '@aws-crypto/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aesPair, type KeyringPair, startKms } from './keyring-pairs.ts'
import { bindingOf, cases, cipherWith, key, otherKey, type Stores, tables } from './sql/values.ts'

const peer = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)

let kms: Awaited<ReturnType<typeof startKms>>
let pairs: KeyringPair[]
beforeAll(async () => {
  kms = await startKms()
  pairs = [aesPair(256), ...kms.pairs.filter(({ name }) => name === 'KMS key')]
})
afterAll(async () => {
  await kms.close()
})

function pairNamed(name: string): KeyringPair {
  const pair = pairs.find((one) => one.name === name)
  if (!pair) throw new Error(`There is no keyring ${name}`)
  return pair
}

const stores = 'pairs stored' satisfies Stores

describe.each(['raw AES-256', 'KMS key'])('values of columns and client-node, %s', (name) => {
  it.each(cases)('$column: it opens what stores its context', async ({ column, value, bytes }) => {
    const { ours, peer: peers } = pairNamed(name)
    const stored = await cipherWith(ours).encryptValue(tables[stores], column, key, value)
    const { plaintext, messageHeader } = await peer.decrypt(peers, stored)
    expect(plaintext).toEqual(bytes)
    // It takes no context to check, so whoever uses it compares what the message says.
    expect({ ...messageHeader.encryptionContext }).toEqual(bindingOf(stores, column, key))
  })

  it.each(cases)('$column: we open what it wrote, and in no other row', async (one) => {
    const { ours, peer: peers } = pairNamed(name)
    const { column, value, bytes } = one
    const encryptionContext = bindingOf(stores, column, key)
    const { result } = await peer.encrypt(peers, bytes, { encryptionContext })
    const cipher = cipherWith(ours)
    expect(await cipher.decryptValue(tables[stores], column, key, result)).toEqual(value)
    await expect(
      cipher.decryptValue(tables[stores], column, otherKey, result),
    ).rejects.toMatchObject({ name: 'FieldError', code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH' })
  })

  it('without storeContext it cannot open a value, since it takes no context', async () => {
    const { ours, peer: peers } = pairNamed(name)
    const stored = await cipherWith(ours).encryptValue(tables['pairs given'], 'text', key, 'ada')
    await expect(peer.decrypt(peers, stored)).rejects.toThrow()
  })
})
