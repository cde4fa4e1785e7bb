import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { algorithmSuites } from '../../src/index.ts'
import { type BranchKeyExchange, exchangeBranchKeys } from './branch-keys/exchange.ts'
import { javascript } from './branch-keys/javascript.ts'
import type { Participant } from './branch-keys/participant.ts'
import { Services } from './branch-keys/services.ts'
import { waxseal } from './branch-keys/waxseal.ts'
import type { Result } from './live/jobs.ts'
import { contextNames } from './live/variations.ts'

// waxseal and the AWS Encryption SDK for JavaScript on one table of branch keys. `npm run test:interop` does
// the same with more libraries.

let services: Services
beforeAll(async () => {
  services = await Services.start()
})
afterAll(() => services.close())

describe('each side creates branch keys, and both make versions of them and read them', () => {
  let exchange: BranchKeyExchange
  beforeAll(async () => {
    const participants = [waxseal(services), javascript(services)]
    exchange = await exchangeBranchKeys(participants, await services.newTable(), services)
  }, 120_000)

  it('agrees with the other on everything', () => {
    const failed = exchange.outcomes.filter(({ status }) => status === 'failed')
    expect(
      failed.map(({ key, reader, ...rest }) => ({ ...rest, id: key.branchKeyId, reader })),
    ).toEqual([])
  })

  it.each(['records', 'branch key', 'message'] as const)('in every pairing: %s', (what) => {
    const passed = exchange.outcomes.filter((outcome) => {
      return outcome.what === what && outcome.status === 'passed'
    })
    const pairings = passed.map(({ key, writer, reader }) =>
      [key.creator, key.versioner, ...(writer ? [writer] : []), ...(reader ? [reader] : [])].join(),
    )
    const roles = { records: 2, 'branch key': 3, message: 4 }[what]
    expect(new Set(pairings).size).toBe(2 ** roles)
  })

  it('passes over beacon keys alone, which the peer has no call for', () => {
    const passedOver = exchange.outcomes.filter(({ status }) => status === 'n/a')
    for (const { reader, detail } of passedOver) {
      expect([reader, detail]).toEqual(['JavaScript', expect.stringContaining('beacon')])
    }
  })

  it('wrote messages of every suite and context', () => {
    const of = (name: 'suite' | 'context') =>
      new Set(exchange.messages.map(({ variation }) => variation[name]))
    expect(of('suite')).toEqual(new Set(Object.keys(algorithmSuites)))
    expect(of('context')).toEqual(new Set(contextNames))
  })
})

describe('the exchange fails where a participant lies', () => {
  const distort: Record<string, (result: Result) => Result> = {
    'in a branch key': (result) =>
      'branchKey' in result ? { branchKey: { ...result.branchKey, key: 'AAAA' } } : result,
    'in the id of a version': (result) =>
      'branchKey' in result
        ? { branchKey: { ...result.branchKey, branchKeyVersion: 'another' } }
        : result,
    'in the context of a branch key': (result) =>
      'branchKey' in result
        ? { branchKey: { ...result.branchKey, encryptionContext: { other: 'pair' } } }
        : result,
    'in a plaintext': (result) =>
      'plaintext' in result ? { ...result, plaintext: 'AAAA' } : result,
    'by refusing': () => ({ error: 'it refuses' }),
  }

  it.each(Object.keys(distort))('%s', async (lie) => {
    const honest = waxseal(services)
    const liar: Participant = {
      name: 'waxseal',
      async run(jobs, keyrings) {
        const { versions, results } = await honest.run(jobs, keyrings)
        const entries = Object.entries(results)
        const lies = entries.map(([id, result]) => [id, distort[lie]?.(result) ?? result])
        return { versions, results: Object.fromEntries(lies) as typeof results }
      },
    }
    const { outcomes } = await exchangeBranchKeys([liar], await services.newTable(), services)
    expect(outcomes.some(({ status }) => status === 'failed')).toBe(true)
  })
})
