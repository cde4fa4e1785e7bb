import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { askCmm } from '../../../src/cmm/ask.ts'
import { decryptionMaterials, encryptionMaterials, failure } from '../../support/materials.ts'

const kinds = [
  ['encryption', () => encryptionMaterials().withDataKey(randomBytes(32))],
  ['decryption', () => decryptionMaterials().withDataKey(randomBytes(32))],
] as const

/** Lets all that is pending in microtasks happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe.each(kinds)('%s materials that a CMM returns', (_, make) => {
  it('too late, after an abort, are destroyed', async () => {
    const controller = new AbortController()
    let answer = (_: ReturnType<typeof make>): void => undefined
    const late = new Promise<ReturnType<typeof make>>((resolve) => (answer = resolve))
    const asked = failure(() => askCmm('ERR_WRAP_FAILED', controller.signal, () => late))
    controller.abort()
    expect((await asked).code).toBe('ERR_ABORTED')
    const materials = make()
    const { dataKey } = materials
    answer(materials)
    await settle()
    expect(dataKey.every((byte) => byte === 0)).toBe(true)
    expect(() => materials.dataKey).toThrow(/destroyed/)
  })

  it('under a signal that throws are destroyed', async () => {
    const fail = () => {
      throw new Error('no signal')
    }
    const signal = { aborted: false, addEventListener: fail, removeEventListener: fail }
    const materials = make()
    await failure(() =>
      askCmm('ERR_WRAP_FAILED', signal as unknown as AbortSignal, async () => {
        await settle()
        return materials
      }),
    )
    await settle()
    await settle()
    expect(() => materials.dataKey).toThrow(/destroyed/)
  })

  it('in time are kept', async () => {
    const { signal } = new AbortController()
    const materials = make()
    const asked = await askCmm('ERR_WRAP_FAILED', signal, async () => materials)
    expect(asked.dataKey).toHaveLength(32)
  })
})

it.each<[string, () => unknown]>([
  ['nothing', () => undefined],
  ['an error', () => Promise.reject(new Error('late'))],
])('what comes too late may be %s', async (_, give) => {
  const controller = new AbortController()
  const asked = failure(() =>
    askCmm('ERR_UNWRAP_FAILED', controller.signal, async () => {
      await settle()
      return give()
    }),
  )
  controller.abort()
  expect((await asked).code).toBe('ERR_ABORTED')
  await settle()
})
