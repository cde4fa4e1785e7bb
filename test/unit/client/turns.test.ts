import { beforeAll, describe, expect, it } from 'vitest'
import { newClient, unsigned } from './harness.ts'

const client = newClient()
const length = 1 << 28

/** How many turns the event loop gets while `work` runs. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let immediate: NodeJS.Immediate
  const turn = () => {
    turns++
    immediate = setImmediate(turn)
  }
  immediate = setImmediate(turn)
  await work()
  clearImmediate(immediate)
  return turns
}

// On any machine 256 MiB take at least 50 ms: 5 GB/s of AES-GCM is more than one core does. A turn
// every 10 ms makes five of them; without turns there would be one or two.
const leastTurns = 5

describe.each([
  ['64 KiB', 1 << 16],
  ['256 MiB, a single one', 1 << 28],
])('256 MiB in frames of %s', (_, frameLength) => {
  let plaintext: Buffer
  let ciphertext: Uint8Array
  beforeAll(() => {
    plaintext = Buffer.alloc(length)
  })

  it('lets the event loop turn while it encrypts', async () => {
    const turns = await turnsDuring(async () => {
      ciphertext = (await client.encrypt(plaintext, { ...unsigned, frameLength })).ciphertext
    })
    expect(turns).toBeGreaterThanOrEqual(leastTurns)
  })

  it('lets the event loop turn while it decrypts', async () => {
    const turns = await turnsDuring(() => client.decrypt(ciphertext))
    expect(turns).toBeGreaterThanOrEqual(leastTurns)
  })
})
