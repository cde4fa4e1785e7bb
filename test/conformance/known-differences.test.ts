import { describe, expect, it } from 'vitest'
import { call } from './call.ts'
import { type Difference, differencesOf } from './compare.ts'
import { explain, type KnownDifference, type Sign } from './known-differences.ts'
import type { Outcome } from './service.ts'

const encrypt = call('Encrypt', 'once')
const decrypt = call('Decrypt', 'once')
const refused = { member: 'outcome', localKms: 'DisabledException', moto: 'answers' }
const lacking = { member: 'KeyMaterialId', localKms: 'text', moto: 'absent' }

function known(...signs: Sign[]): KnownDifference[] {
  return [{ right: 'LocalKms', reason: 'because', documented: 'there', signs }]
}

function explained(signs: readonly Sign[], ofEncrypt: Difference[], ofDecrypt: Difference[] = []) {
  const compared = [
    { call: encrypt, differences: ofEncrypt.map((difference) => ({ ...difference })) },
    { call: decrypt, differences: ofDecrypt.map((difference) => ({ ...difference })) },
  ]
  const { reasons, notShown } = explain(compared, known(...signs))
  const differences = compared.flatMap((of) => of.differences)
  return {
    listed: differences.map((difference) => reasons.has(difference)),
    notShown: notShown.map(({ what }) => what),
  }
}

describe('the list of known differences', () => {
  it('explains a difference that has every part of a sign', () => {
    expect(explained([{ calls: [encrypt.name], ...refused }], [refused])).toEqual({
      listed: [true],
      notShown: [],
    })
  })

  it.each([
    ['another member', { ...lacking, member: 'KeyId' }],
    ['another value of LocalKms', { ...lacking, localKms: 'absent' }],
    ['another value of moto', { ...lacking, moto: 'text' }],
  ])('does not explain %s', (_, difference) => {
    expect(explained([lacking], [difference])).toEqual({
      listed: [false],
      notShown: ['KeyMaterialId'],
    })
  })

  it('does not explain the same difference in a call that it does not name', () => {
    expect(explained([{ calls: [encrypt.name], ...refused }], [refused], [refused])).toEqual({
      listed: [true, false],
      notShown: [],
    })
  })

  it('has to show in each call that it names', () => {
    const sign = { calls: [encrypt.name, decrypt.name, 'Encrypt, never'], ...refused }
    expect(explained([sign], [refused]).notShown).toEqual([decrypt.name, 'Encrypt, never'])
  })

  it('has to show in each call of an operation that it names', () => {
    expect(explained([{ operations: ['Decrypt'], ...refused }], [refused])).toEqual({
      listed: [false],
      notShown: [decrypt.name],
    })
  })

  it('has to show in one call where it names none', () => {
    expect(explained([lacking], [], [lacking])).toEqual({ listed: [true], notShown: [] })
    expect(explained([lacking], []).notShown).toEqual(['KeyMaterialId'])
  })
})

describe('two outcomes', () => {
  const answer = (members: Record<string, string>): Outcome => ({
    kind: 'answer',
    members: new Map(Object.entries(members)),
  })
  const error = (name: string): Outcome => ({ kind: 'error', name })

  it.each<[string, Outcome, Outcome, Difference[]]>([
    ['equal answers', answer({ KeyId: 'a' }), answer({ KeyId: 'a' }), []],
    ['equal errors', error('NotFoundException'), error('NotFoundException'), []],
    [
      'other errors',
      error('NotFoundException'),
      error('ValidationException'),
      [{ member: 'outcome', localKms: 'NotFoundException', moto: 'ValidationException' }],
    ],
    ['an error and an answer', error('DisabledException'), answer({ KeyId: 'a' }), [refused]],
    [
      'answers with other members',
      answer({ KeyId: 'a', KeyMaterialId: 'text' }),
      answer({ KeyId: 'b', Extra: 'c' }),
      [
        { member: 'Extra', localKms: 'absent', moto: 'c' },
        { member: 'KeyId', localKms: 'a', moto: 'b' },
        lacking,
      ],
    ],
  ])('are compared: %s', (_, localKms, moto, differences) => {
    expect(differencesOf(localKms, moto)).toEqual(differences)
  })
})
