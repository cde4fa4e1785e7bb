import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Clock } from '../../../src/local-kms/clock.ts'
import { settled } from '../../../src/local-kms/due-changes.ts'
import { KeyStore } from '../../../src/local-kms/key-store.ts'
import { KmsError } from '../../../src/local-kms/kms-error.ts'
import type { Answer } from '../../../src/local-kms/operations/operation.ts'
import { operations } from '../../../src/local-kms/operations/table.ts'
import { emptyState } from '../../../src/local-kms/records.ts'
import { parseState, serializeState } from '../../../src/local-kms/store-format.ts'

const dayMs = 24 * 60 * 60 * 1000
const regions = ['us-east-1', 'us-west-2'] as const
type Region = (typeof regions)[number]

/** Operations without the server before them, and with a store that can be closed and opened again. */
class Regions {
  readonly clock = new Clock()
  state = emptyState
  #store = this.#open()

  async call(region: Region, name: string, request: object): Promise<Answer> {
    const run = operations.get(name)
    if (!run) throw new Error(`there is no ${name}`)
    const scope = { region, accountId: '000000000000' }
    return run(request, { store: this.#store, scope, clock: this.clock })
  }

  reopen(): void {
    this.state = parseState(serializeState(this.state))
    this.#store = this.#open()
  }

  #open(): KeyStore {
    return new KeyStore(this.state, async (next) => {
      this.state = next
    })
  }
}

type Step = (kms: Regions, KeyId: string) => Promise<unknown>

/** In one region or in the other, whichever the primary key is in. */
const region = fc.constantFrom(...regions)
const called = (name: string, more: object = {}) =>
  region.map((where) => [
    `${name} in ${where}`,
    (kms: Regions, KeyId: string) => kms.call(where, name, { KeyId, ...more }),
  ])

const step = fc.oneof(
  { weight: 3, arbitrary: called('RotateKeyOnDemand') },
  { weight: 2, arbitrary: called('EnableKeyRotation', { RotationPeriodInDays: 90 }) },
  { weight: 1, arbitrary: called('DisableKeyRotation') },
  { weight: 1, arbitrary: called('DisableKey') },
  { weight: 2, arbitrary: called('EnableKey') },
  { weight: 1, arbitrary: called('ScheduleKeyDeletion', { PendingWindowInDays: 30 }) },
  { weight: 2, arbitrary: called('CancelKeyDeletion') },
  { weight: 2, arbitrary: called('ReplicateKey', { ReplicaRegion: 'us-west-2' }) },
  { weight: 1, arbitrary: called('ReplicateKey', { ReplicaRegion: 'us-east-1' }) },
  { weight: 1, arbitrary: called('UpdatePrimaryRegion', { PrimaryRegion: 'us-west-2' }) },
  { weight: 1, arbitrary: called('UpdatePrimaryRegion', { PrimaryRegion: 'us-east-1' }) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 120 }).map((days) => [
      `${days} days`,
      async (kms: Regions) => {
        kms.clock.advance(days * dayMs)
      },
    ]),
  },
  {
    weight: 1,
    arbitrary: fc.constant([
      'a restart',
      async (kms: Regions) => {
        kms.reopen()
      },
    ]),
  },
) as fc.Arbitrary<[string, Step]>

/** What a request answers, or the name of KMS's error; anything else is a fault of ours. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof KmsError) return error.name
    throw error
  }
}

describe('a multi-Region key, whatever befalls it', () => {
  it('opens all that it ever sealed wherever it is enabled, and nothing elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const kms = new Regions()
        const { KeyMetadata } = await kms.call('us-east-1', 'CreateKey', { MultiRegion: true })
        const { KeyId } = KeyMetadata as { KeyId: string }
        const sealed: unknown[] = []
        for (const [, run] of steps) {
          await outcome(run(kms, KeyId))
          for (const where of regions) {
            const described = await outcome(kms.call(where, 'DescribeKey', { KeyId }))
            const isEnabled = typeof described === 'object' && isEnabledIn(described)
            if (isEnabled) {
              const Plaintext = Buffer.from(String(sealed.length)).toString('base64')
              const answer = await kms.call(where, 'Encrypt', { KeyId, Plaintext })
              sealed.push(answer['CiphertextBlob'])
            }
            for (const [number, CiphertextBlob] of sealed.entries()) {
              const opened = await outcome(kms.call(where, 'Decrypt', { CiphertextBlob }))
              if (isEnabled) {
                const Plaintext = Buffer.from(String(number)).toString('base64')
                expect(opened).toMatchObject({ Plaintext })
              } else {
                expect(opened).toMatch(
                  /^(DisabledException|KMSInvalidStateException|AccessDeniedException)$/,
                )
              }
            }
          }
          const text = serializeState(kms.state)
          expect(serializeState(parseState(text))).toBe(text)
          expect(settled(kms.state, kms.clock.now())).toBe(kms.state)
        }
      }),
      { seed: 20261122, numRuns: 100 },
    )
  })
})

function isEnabledIn(described: object | null): boolean {
  return JSON.stringify(described).includes('"KeyState":"Enabled"')
}
