import { setTimeout as sleep } from 'node:timers/promises'
import { ListKeysCommand } from '@aws-sdk/client-kms'
import { describe, expect, it, vi } from 'vitest'
import type { LocalKms, LocalKmsOutage } from '../../../src/local-kms/index.ts'
import { clientIn, raw, rejection, start, target, wrong } from './harness.ts'

const ListKeys = () => new ListKeysCommand({})

describe('an outage', () => {
  it('closes the connection by default', async () => {
    const { kms, client } = await start()
    await client.send(ListKeys())
    kms.outage('us-east-1')
    expect(await rejection(client.send(ListKeys()))).toMatchObject({ code: 'ECONNRESET' })
    await expect(raw(kms, '{}', target('ListKeys'))).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('leaves the client waiting, whose own patience ends it', async () => {
    const { kms } = await start()
    kms.outage('us-east-1', 'timeout')
    const client = clientIn(kms, 'us-east-1', {
      requestHandler: { requestTimeout: 100, throwOnRequestTimeout: true },
    })
    expect(await rejection(client.send(ListKeys()))).toMatchObject({ name: 'TimeoutError' })
    expect(kms.calls()).toBe(1)
  })

  it('lets those who wait go when it ends', async () => {
    const { kms, client } = await start()
    const recover = kms.outage('us-east-1', 'timeout')
    const waiting = rejection(client.send(ListKeys()))
    await until(() => kms.calls() === 1)
    recover()
    expect(await waiting).toMatchObject({ code: 'ECONNRESET' })
    await client.send(ListKeys())
  })

  it('lets those who wait go when the server is closed', async () => {
    const { kms, client } = await start()
    kms.outage('us-east-1', 'timeout')
    const waiting = rejection(client.send(ListKeys()))
    await until(() => kms.calls() === 1)
    await kms.close()
    expect(await waiting).toMatchObject({ code: 'ECONNRESET' })
  })

  it('answers an internal error', async () => {
    const { kms, client } = await start()
    kms.outage('us-east-1', 'error')
    expect(await rejection(client.send(ListKeys()))).toMatchObject({
      name: 'KMSInternalException',
      $metadata: { httpStatusCode: 500 },
    })
  })

  it.each(['reset', 'timeout', 'error'] as const)(
    'by %s is of one region, and ends',
    async (how) => {
      const { kms, client } = await start()
      const recover = kms.outage('us-west-2', how)
      await client.send(ListKeys())
      recover()
      recover()
      await clientIn(kms, 'us-west-2').send(ListKeys())
    },
  )

  it('of two of one region, the last begun decides while it lasts', async () => {
    const { kms, client } = await start()
    kms.outage('us-east-1', 'error')
    const recover = kms.outage('us-east-1', 'reset')
    expect(await rejection(client.send(ListKeys()))).toMatchObject({ code: 'ECONNRESET' })
    recover()
    expect(await rejection(client.send(ListKeys()))).toMatchObject({ name: 'KMSInternalException' })
  })

  it('needs a region, and a way that it knows', async () => {
    const { kms } = await start()
    expect(() => kms.outage('moon')).toThrow(wrong('region'))
    expect(() => kms.outage('us-east-1', 'slow' as LocalKmsOutage)).toThrow(wrong('how'))
  })
})

describe('latency', () => {
  /** Asks and gives up: the request has arrived, and is not answered as one without latency would be. */
  async function expectLate(kms: LocalKms, region: string) {
    const giveUp = new AbortController()
    kms.resetCalls()
    const answer = clientIn(kms, region).send(ListKeys(), { abortSignal: giveUp.signal })
    const outcome = answer.then(
      () => 'answered',
      () => 'given up',
    )
    await until(() => kms.calls({ region }) === 1)
    await sleep(50)
    giveUp.abort()
    expect(await outcome).toBe('given up')
  }
  const expectPrompt = (kms: LocalKms, region: string) => clientIn(kms, region).send(ListKeys())
  const [east, west] = ['us-east-1', 'us-west-2']

  it('is that of the region, or else that of all', async () => {
    const { kms } = await start()
    kms.setLatencyMs(60_000, west)
    await expectPrompt(kms, east)
    await expectLate(kms, west)
    kms.setLatencyMs(60_000)
    kms.setLatencyMs(0, west)
    await expectLate(kms, east)
    await expectPrompt(kms, west)
    kms.setLatencyMs(60_000, west)
    kms.setLatencyMs(0)
    await expectPrompt(kms, east)
    await expectPrompt(kms, west)
  })

  it('answers all the same', async () => {
    const { kms, client } = await start()
    kms.setLatencyMs(20)
    expect(await client.send(ListKeys())).toMatchObject({ Keys: [] })
  })

  it('ends with the server', async () => {
    const { kms, client } = await start()
    kms.setLatencyMs(60_000)
    const waiting = rejection(client.send(ListKeys()))
    await until(() => kms.calls() === 1)
    await kms.close()
    expect(await waiting).toMatchObject({ code: 'ECONNRESET' })
  })

  it('does not run on after the client has gone', async () => {
    const { kms } = await start()
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
    kms.setLatencyMs(60_000)
    const before = timers().length
    await expectLate(kms, east)
    await until(() => timers().length <= before)
  })

  it('must be what a timer can wait, in a region', async () => {
    const { kms } = await start()
    for (const latencyMs of [-1, NaN, Infinity, 2 ** 31]) {
      expect(() => kms.setLatencyMs(latencyMs)).toThrow(wrong('latencyMs'))
    }
    expect(() => kms.setLatencyMs(1, 'moon')).toThrow(wrong('region'))
  })
})

async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(
    () => {
      expect(condition()).toBe(true)
    },
    { timeout: 10_000 },
  )
}
