import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FailoverKeyring, type Keyring, UnwrapError } from '../../../src/index.ts'
import { FlakyKeyring, outage, refusal } from '../../support/flaky-keyring.ts'
import {
  decryptionMaterials,
  encryptionMaterials,
  failure,
  foreignKey,
} from '../../support/materials.ts'

const cooldownMs = 10_000
/** One key in two places, as a multi-Region key has it, and an other one. */
const shared = new Uint8Array(32).fill(1)

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

function replicas() {
  const near = new FlakyKeyring('shared', shared)
  const far = new FlakyKeyring('shared', shared)
  return { near, far, keyring: new FailoverKeyring({ candidates: [near, far], cooldownMs }) }
}

const encrypt = (keyring: Keyring) => keyring.onEncrypt(encryptionMaterials())
const decrypt = (keyring: Keyring, keys: Parameters<Keyring['onDecrypt']>[1]) =>
  keyring.onDecrypt(decryptionMaterials(), keys)

describe('the failover keyring on encryption', () => {
  it('asks the first candidate only, while it answers', async () => {
    const { near, far, keyring } = replicas()
    const { encryptedDataKeys } = await encrypt(keyring)
    expect(encryptedDataKeys).toHaveLength(1)
    expect([near.asked, far.asked]).toEqual([1, 0])
  })

  it('goes on to the next after an outage, and leaves the first alone for the cooldown', async () => {
    const { near, far, keyring } = replicas()
    near.error = outage()
    for (let message = 0; message < 5; message++) await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([1, 5])
    vi.advanceTimersByTime(cooldownMs - 1)
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([1, 6])
  })

  it('lets one message try again after the cooldown, while the others go on without', async () => {
    const { near, far, keyring } = replicas()
    near.error = outage()
    await encrypt(keyring)
    vi.advanceTimersByTime(cooldownMs)
    await Promise.all(Array.from({ length: 10 }, () => encrypt(keyring)))
    expect([near.asked, far.asked]).toEqual([2, 11])

    near.error = undefined
    vi.advanceTimersByTime(cooldownMs)
    await encrypt(keyring)
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([4, 11])
  })

  it('asks those that are off when no other is left, and recovers with them', async () => {
    const { near, far, keyring } = replicas()
    near.error = far.error = outage()
    await failure(() => encrypt(keyring))
    far.error = undefined
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([2, 2])
  })

  it('names every candidate and its reason when none answers', async () => {
    const { near, far, keyring } = replicas()
    near.error = outage()
    far.error = outage()
    const error = await failure(() => encrypt(keyring))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED', cause: near.error })
    expect(error.message).toContain('candidates[0]: no answer; candidates[1]: no answer')
  })

  it('takes a refusal for an answer, and asks nobody else', async () => {
    const { near, far, keyring } = replicas()
    near.error = refusal()
    expect(await failure(() => encrypt(keyring))).toBe(near.error)
    await failure(() => encrypt(keyring))
    expect([near.asked, far.asked]).toEqual([2, 0])
  })

  it('does not take an abort for an outage', async () => {
    const { near, far, keyring } = replicas()
    near.error = outage()
    const signal = AbortSignal.abort(new Error('enough'))
    const error = await failure(() => keyring.onEncrypt(encryptionMaterials({ signal })))
    expect(error).toMatchObject({ code: 'ERR_ABORTED' })
    near.error = undefined
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([2, 0])
  })

  it('stays off where an abort ends the message that tries again', async () => {
    const { near, far, keyring } = replicas()
    near.error = outage()
    await encrypt(keyring)
    vi.advanceTimersByTime(cooldownMs)
    const signal = AbortSignal.abort()
    await failure(() => keyring.onEncrypt(encryptionMaterials({ signal })))
    await encrypt(keyring) // the next one that tries
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([3, 3])
  })

  it('tries again after one more cooldown where the message that tried hears nothing', async () => {
    const { near, far, keyring } = replicas()
    near.error = outage()
    await encrypt(keyring)
    near.error = undefined
    const answers = near.onEncrypt.bind(near)
    near.onEncrypt = () => new Promise(() => undefined)
    vi.advanceTimersByTime(cooldownMs)
    void encrypt(keyring)
    near.onEncrypt = answers
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([1, 2])
    vi.advanceTimersByTime(cooldownMs)
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([2, 2])
  })

  it.each([
    [999, 0],
    [1000, 1],
  ])('takes %d ms without an answer until an abort for %d outages', async (silentMs, outages) => {
    const { near, far, keyring } = replicas()
    const controller = new AbortController()
    const answers = near.onEncrypt.bind(near)
    near.onEncrypt = () => {
      vi.advanceTimersByTime(silentMs)
      controller.abort()
      return Promise.reject(new Error('aborted'))
    }
    const { signal } = controller
    const error = await failure(() => keyring.onEncrypt(encryptionMaterials({ signal })))
    expect(error).toMatchObject({ code: 'ERR_ABORTED' })
    near.onEncrypt = answers
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([1 - outages, outages])
  })

  it('does not take the late answer to an old call for the end of an outage', async () => {
    const { near, far, keyring } = replicas()
    let answer = (): void => undefined
    const waiting = new Promise<void>((resolve) => (answer = resolve))
    const answers = near.onEncrypt.bind(near)
    near.onEncrypt = async (given) => {
      await waiting
      return answers(given)
    }
    const old = encrypt(keyring)
    near.onEncrypt = answers
    near.error = outage()
    vi.advanceTimersByTime(1)
    await encrypt(keyring)
    near.error = undefined
    answer()
    await old
    await encrypt(keyring)
    expect([near.asked, far.asked]).toEqual([2, 2])
  })

  it('wraps a data key that there is already', async () => {
    const { near, keyring } = replicas()
    near.error = outage()
    const given = encryptionMaterials().withDataKey(new Uint8Array(32).fill(3))
    const { dataKey, encryptedDataKeys } = await keyring.onEncrypt(given)
    expect([dataKey[0], encryptedDataKeys.length]).toEqual([3, 1])
  })
})

describe('the failover keyring on decryption', () => {
  it('asks the next after an outage, and then that one first', async () => {
    const { near, far, keyring } = replicas()
    const { encryptedDataKeys, dataKey } = await encrypt(keyring)
    near.error = outage()
    for (let message = 0; message < 5; message++) {
      const materials = await decrypt(keyring, encryptedDataKeys)
      expect(materials.dataKey).toEqual(dataKey)
    }
    expect([near.decryptions, far.decryptions]).toEqual([1, 5])
  })

  it('shares what it knows between both directions', async () => {
    const { near, far, keyring } = replicas()
    near.error = outage()
    const { encryptedDataKeys } = await encrypt(keyring)
    await decrypt(keyring, encryptedDataKeys)
    expect([near.encryptions, near.decryptions, far.decryptions]).toEqual([1, 0, 1])
  })

  it('passes over a candidate that holds no key of the message', async () => {
    const [near, far] = [new FlakyKeyring('near'), new FlakyKeyring('far')]
    const { encryptedDataKeys } = await encrypt(far)
    const keyring = new FailoverKeyring({ candidates: [near, far], cooldownMs })
    expect((await decrypt(keyring, encryptedDataKeys)).hasDataKey).toBe(true)
  })

  it('asks a candidate that is off if only that one can', async () => {
    const [near, far] = [new FlakyKeyring('near'), new FlakyKeyring('far')]
    const { encryptedDataKeys } = await encrypt(near)
    const keyring = new FailoverKeyring({ candidates: [near, far], cooldownMs })
    near.error = outage()
    expect((await decrypt(keyring, encryptedDataKeys)).hasDataKey).toBe(false)
    near.error = undefined
    expect((await decrypt(keyring, encryptedDataKeys)).hasDataKey).toBe(true)
  })

  it('takes a refusal for an answer, and asks nobody else', async () => {
    const { near, far, keyring } = replicas()
    const { encryptedDataKeys } = await encrypt(keyring)
    near.error = refusal()
    const { attempts } = await decrypt(keyring, encryptedDataKeys)
    expect(attempts).toMatchObject([{ outcome: 'failed', reason: 'not you' }])
    expect(far.decryptions).toBe(0)
  })

  it.each([
    ['an outage', outage(), 1],
    ['a refusal', refusal(), 0],
  ])('treats %s that a candidate throws like one that it notes', async (_, error, asked) => {
    const far = new FlakyKeyring('far')
    const near: Keyring = {
      onEncrypt: (materials) => far.onEncrypt(materials),
      onDecrypt: () => Promise.reject(error),
    }
    const { encryptedDataKeys } = await encrypt(far)
    const keyring = new FailoverKeyring({ candidates: [near, far], cooldownMs })
    await decrypt(keyring, encryptedDataKeys)
    expect(far.decryptions).toBe(asked)
  })

  it('stays off a candidate that a stranger’s message makes no call to', async () => {
    const [near, far] = [new FlakyKeyring('near'), new FlakyKeyring('far')]
    const { encryptedDataKeys } = await encrypt(far)
    const keyring = new FailoverKeyring({ candidates: [near, far], cooldownMs })
    near.error = outage()
    await decrypt(keyring, encryptedDataKeys)
    near.error = undefined // a raw keyring skips the stranger's key without asking anyone
    await decrypt(keyring, [foreignKey()])
    const decryptions = near.decryptions
    await decrypt(keyring, encryptedDataKeys)
    expect(near.decryptions).toBe(decryptions)
  })

  it('passes over what a keyring finds wrong by itself', async () => {
    const far = new FlakyKeyring('far')
    const near: Keyring = {
      onEncrypt: (materials) => far.onEncrypt(materials),
      onDecrypt: () => Promise.reject(new UnwrapError([])),
    }
    const { encryptedDataKeys } = await encrypt(far)
    const keyring = new FailoverKeyring({ candidates: [near, far], cooldownMs })
    expect((await decrypt(keyring, encryptedDataKeys)).hasDataKey).toBe(true)
  })

  it('goes on where one key is out of reach, and asks that candidate again', async () => {
    const { near, far, keyring } = replicas()
    const { encryptedDataKeys } = await encrypt(keyring)
    near.error = Object.assign(new Error('its store is out'), { name: 'KeyUnavailableException' })
    for (let message = 0; message < 2; message++) await decrypt(keyring, encryptedDataKeys)
    expect([near.decryptions, far.decryptions]).toEqual([2, 2])
  })

  it('returns the attempts of all that it asked', async () => {
    const { near, far, keyring } = replicas()
    near.error = far.error = outage()
    const { attempts, hasDataKey } = await decrypt(keyring, [foreignKey()])
    expect(hasDataKey).toBe(false)
    expect(attempts).toHaveLength(2)
  })
})

describe('the failover keyring tells on waxseal:failover', () => {
  const messages: unknown[] = []
  const listen = (message: unknown) => void messages.push(message)
  beforeEach(() => {
    messages.length = 0
    subscribe('waxseal:failover', listen)
  })
  afterEach(() => void unsubscribe('waxseal:failover', listen))

  it('when a candidate goes off and comes back, once each', async () => {
    const { near, keyring } = replicas()
    const cause = (near.error = outage())
    await encrypt(keyring)
    vi.advanceTimersByTime(cooldownMs)
    await encrypt(keyring)
    near.error = undefined
    vi.advanceTimersByTime(cooldownMs)
    await encrypt(keyring)
    await encrypt(keyring)
    expect(messages).toEqual([
      { keyring: 'candidates[0]', state: 'off', cause },
      { keyring: 'candidates[0]', state: 'on' },
    ])
  })
})

describe('the failover keyring refuses', () => {
  const candidate = new FlakyKeyring('a')
  it.each<[string, object, string]>([
    ['no candidates', {}, 'candidates'],
    ['an empty list', { candidates: [] }, 'candidates'],
    ['what is no keyring', { candidates: [candidate, {}] }, 'candidates[1]'],
    ['no time', { candidates: [candidate], cooldownMs: 0 }, 'cooldownMs'],
    ['a time that is no number', { candidates: [candidate], cooldownMs: '1' }, 'cooldownMs'],
    ['an unknown option', { candidates: [candidate], cooldown: 1 }, 'cooldown'],
  ])('%s', (_, options, field) => {
    expect(() => new FailoverKeyring(options as { candidates: Keyring[] })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', field }),
    )
  })
})
