import { describe, expect, it } from 'vitest'
import { DefaultCmm, EnvelopeError, TamperedMessageError } from '../../../src/index.ts'
import {
  aesKeyring,
  encryptorFor,
  plaintextItem,
  without,
} from '../../support/dynamodb/item-encryptors.ts'
import { failure } from '../../support/materials.ts'
import { plaintextDataKeyOf } from '../../../src/materials/encryption-materials.ts'

describe('plaintext', () => {
  const force = encryptorFor({ plaintextOverride: 'FORCE_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ' })
  const allow = encryptorFor({ plaintextOverride: 'FORBID_PLAINTEXT_WRITE_ALLOW_PLAINTEXT_READ' })
  const forbid = encryptorFor({ plaintextOverride: 'FORBID_PLAINTEXT_WRITE_FORBID_PLAINTEXT_READ' })
  const anything = plaintextItem({ 'of another time': { S: 'x' } })

  it('is written where it has to be, and nowhere else', async () => {
    const written = await force.encryptItem(anything)
    expect(written).toEqual({ item: anything, header: undefined })
    expect(written.item).not.toBe(anything)
    for (const encryptor of [allow, forbid]) {
      const { item, header } = await encryptor.encryptItem(plaintextItem())
      expect(header?.version).toBe(1)
      expect(item).toHaveProperty('aws_dbe_head')
    }
  })

  it('is read where it may be, and nowhere else', async () => {
    for (const encryptor of [force, allow]) {
      const read = await encryptor.decryptItem(anything)
      expect(read).toEqual({ item: anything, header: undefined })
      expect(read.item).not.toBe(anything)
    }
    await expect(forbid.decryptItem(anything)).rejects.toMatchObject({ code: 'ERR_PLAINTEXT_ITEM' })
  })

  it('does not excuse an encrypted item from being verified', async () => {
    const { item } = await allow.encryptItem(plaintextItem())
    for (const encryptor of [force, allow]) {
      expect((await encryptor.decryptItem(item)).item).toEqual(plaintextItem())
      const changed = { ...item, state: { S: 'open' } }
      await expect(encryptor.decryptItem(changed)).rejects.toBeInstanceOf(TamperedMessageError)
      for (const name of ['aws_dbe_head', 'aws_dbe_foot']) {
        await expect(encryptor.decryptItem(without(item, name))).rejects.toMatchObject({
          code: 'ERR_MALFORMED_ITEM',
        })
      }
    }
  })

  it('is never what the old client encrypted', async () => {
    const legacy = { '*amzn-ddb-map-desc*': { S: '' }, '*amzn-ddb-map-sig*': { S: '' } }
    for (const encryptor of [force, allow, forbid]) {
      await expect(encryptor.decryptItem(plaintextItem(legacy))).rejects.toMatchObject({
        code: 'ERR_LEGACY_ITEM',
      })
    }
  })

  it('has its key and no name of the library when it is written', async () => {
    for (const item of [without(anything, 'id'), { ...anything, aws_dbe_head: { S: '' } }]) {
      await expect(force.encryptItem(item)).rejects.toMatchObject({ code: 'ERR_ITEM' })
    }
  })
})

describe('a call that is given up', () => {
  const encryptor = encryptorFor()
  const keyring = aesKeyring()

  it('before it begins', async () => {
    const signal = AbortSignal.abort()
    const { item } = await encryptor.encryptItem(plaintextItem())
    for (const call of [
      () => encryptor.encryptItem(plaintextItem(), { signal }),
      () => encryptor.decryptItem(item, { signal }),
    ]) {
      expect(await failure(call)).toMatchObject({ code: 'ERR_ABORTED' })
    }
  })

  it('while a CMM does not answer', async () => {
    const never = () => new Promise<never>(() => undefined)
    const silent = encryptorFor({
      cmm: { getEncryptionMaterials: never, decryptMaterials: never },
    })
    const { item } = await encryptor.encryptItem(plaintextItem())
    for (const begin of [
      (signal: AbortSignal) => silent.encryptItem(plaintextItem(), { signal }),
      (signal: AbortSignal) => silent.decryptItem(item, { signal }),
    ]) {
      const controller = new AbortController()
      const running = begin(controller.signal)
      controller.abort()
      await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    }
  })

  it('leaves no data key behind, nor does one that ends', async () => {
    const keysOf: (() => Uint8Array)[] = []
    const underlying = new DefaultCmm({ keyring })
    const watched = encryptorFor({
      cmm: {
        async getEncryptionMaterials(request) {
          const materials = await underlying.getEncryptionMaterials(request)
          keysOf.push(() => plaintextDataKeyOf(materials))
          return materials
        },
        async decryptMaterials(request) {
          const materials = await underlying.decryptMaterials(request)
          keysOf.push(() => materials.dataKey)
          return materials
        },
      },
    })
    const { item } = await watched.encryptItem(plaintextItem())
    await watched.decryptItem(item)
    const changed = { ...item, state: { S: 'open' } }
    expect(EnvelopeError.is(await failure(() => watched.decryptItem(changed)))).toBe(true)
    expect(keysOf).toHaveLength(3)
    for (const keyOf of keysOf) expect(keyOf).toThrow('was destroyed')
  })
})
