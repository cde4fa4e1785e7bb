import { randomBytes } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { LocalCryptoMaterialsCache, nodeBackend } from '../../../../src/index.ts'
import { BranchKeyMaterials, type BranchKeySource } from '../../../../src/hierarchical.ts'
import {
  FakeBranchKeys,
  branchKeyId,
  keyringOn,
  setUp,
  unwrap,
  wrapOne,
} from '../../../support/hierarchical.ts'
import { decryptionMaterials, failure } from '../../../support/materials.ts'
import { expectNoTraces } from '../../../support/traces.ts'

describe('the hierarchical keyring overwrites', () => {
  /** A backend that keeps hold of the very keys that it is given, and of what it derives. */
  function watched(broken?: 'hmac' | 'encryptGcm' | 'decryptGcm') {
    const keys: Uint8Array[] = []
    const note = <T extends Uint8Array>(bytes: T): T => {
      expect(bytes.some((byte) => byte !== 0)).toBe(true)
      keys.push(bytes)
      return bytes
    }
    const fail = (operation: string) => {
      if (operation === broken) throw new Error('the backend is broken')
    }
    const backend: typeof nodeBackend = {
      ...nodeBackend,
      randomBytes: (length) => note(nodeBackend.randomBytes(length)),
      hmac(hash, key, message) {
        note(key)
        fail('hmac')
        return note(nodeBackend.hmac(hash, key, message))
      },
      encryptGcm(key, ...rest) {
        note(key)
        fail('encryptGcm')
        return nodeBackend.encryptGcm(key, ...rest)
      },
      decryptGcm(key, ...rest) {
        note(key)
        fail('decryptGcm')
        return nodeBackend.decryptGcm(key, ...rest)
      },
    }
    return { backend, keys }
  }
  const areZero = (keys: readonly Uint8Array[]) =>
    keys.every((key) => key.every((byte) => byte === 0))

  it('its copies of a branch key and what it derives, after each use', async () => {
    const { backend, keys } = watched()
    const { keyring, keyStore } = setUp({ backend })
    const { key } = await wrapOne(keyring)
    expect(keys).toHaveLength(4)
    await unwrap(keyring, [key])
    expect(keys).toHaveLength(7)
    await unwrap(keyring, [key], { other: 'context' })
    expect(areZero(keys)).toBe(true)
    // The cache's own are still there to be used.
    expect(keyStore.handedOut.map(({ key: own }) => areZero([own]))).toEqual([false, false])
  })

  it.each(['hmac', 'encryptGcm'] as const)('them when %s fails on encryption', async (broken) => {
    const { backend, keys } = watched(broken)
    const { keyring } = setUp({ backend })
    await failure(() => wrapOne(keyring))
    expect([keys.length > 1, areZero(keys)]).toEqual([true, true])
  })

  it.each(['hmac', 'decryptGcm'] as const)('them when %s fails on decryption', async (broken) => {
    const { keyring, keyStore } = setUp()
    const { key } = await wrapOne(keyring)
    const { backend, keys } = watched(broken)
    await failure(() => unwrap(keyringOn(keyStore, { backend }), [key]))
    expect([keys.length > 0, areZero(keys)]).toEqual([true, true])
  })

  it('its copy of a data key, once the materials have theirs', async () => {
    const { keyring } = setUp()
    const { key, dataKey } = await wrapOne(keyring)
    const given = decryptionMaterials()
    const withDataKey = vi.spyOn(given, 'withDataKey')
    const materials = await keyring.onDecrypt(given, [key])
    expect(Buffer.from(materials.dataKey)).toEqual(dataKey)
    expect(withDataKey.mock.calls.map(([bytes]) => areZero([bytes]))).toEqual([true])
  })

  it('the branch keys that the cache lets go', async () => {
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const { keyring, keyStore } = setUp({ cache })
    const { key } = await wrapOne(keyring)
    await unwrap(keyring, [key])
    cache.clear()
    for (const materials of keyStore.handedOut) expect(() => materials.key).toThrow('destroyed')
  })

  it('what it has copied of a source that keeps its materials, and not those', async () => {
    const materials = new BranchKeyMaterials({
      branchKeyId,
      branchKeyVersion: '83eec007-5659-4554-bf11-699b90f41ac6',
      encryptionContext: {},
      key: randomBytes(32),
    })
    const copy = vi.spyOn(materials, 'copy')
    const keyStore = {
      logicalKeyStoreName: 'keeps',
      getActiveBranchKey: async () => materials,
      getBranchKeyVersion: async () => materials,
    }
    const cache = new LocalCryptoMaterialsCache({ capacity: 10 })
    const keyring = keyringOn(keyStore, { cache })
    for (let i = 1; i <= 2; i++) {
      const { key, dataKey } = await wrapOne(keyring)
      expect((await unwrap(keyring, [key])).dataKey).toEqual(dataKey)
      cache.clear()
      expect(copy.mock.results).toHaveLength(2 * i)
    }
    for (const { value } of copy.mock.results) {
      expect(() => (value as BranchKeyMaterials).key).toThrow('destroyed')
    }
    expect(areZero([materials.key])).toBe(false)
  })

  it('what it was handed over and cannot use', async () => {
    const keyStore = new FakeBranchKeys()
    keyStore.add('other')
    const confused: BranchKeySource = {
      logicalKeyStoreName: 'confused',
      handsOverMaterials: true,
      getActiveBranchKey: () => keyStore.getActiveBranchKey({ branchKeyId: 'other' }),
      getBranchKeyVersion: (request) => keyStore.getBranchKeyVersion(request),
    }
    const { code } = await failure(() => wrapOne(keyringOn(confused)))
    expect(code).toBe('ERR_BRANCH_KEY_RECORD')
    for (const materials of keyStore.handedOut) expect(() => materials.key).toThrow('destroyed')
  })

  it('and shows none of them', async () => {
    const { keyring, branchKey, keyStore } = setUp()
    const { key } = await wrapOne(keyring)
    const { attempts } = await unwrap(keyring, [key], { other: 'context' })
    const secrets = [Buffer.from(branchKey)]
    expectNoTraces(keyring, secrets)
    expectNoTraces(attempts, secrets)
    expectNoTraces(keyStore.handedOut, secrets)
  })
})
