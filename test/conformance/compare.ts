import type { Outcome } from './service.ts'

/** One thing that LocalKms and moto say differently about a call. */
export interface Difference {
  /** The path of a member of the answer, or `outcome` where one of them does not answer. */
  readonly member: string
  readonly localKms: string
  readonly moto: string
}

export const absent = 'absent'

export function differencesOf(localKms: Outcome, moto: Outcome): readonly Difference[] {
  if (localKms.kind !== 'answer' || moto.kind !== 'answer') {
    const [ours, theirs] = [outcomeText(localKms), outcomeText(moto)]
    return ours === theirs ? [] : [{ member: 'outcome', localKms: ours, moto: theirs }]
  }
  const paths = [...new Set([...localKms.members.keys(), ...moto.members.keys()])].sort()
  return paths.flatMap((member) => {
    const ours = localKms.members.get(member) ?? absent
    const theirs = moto.members.get(member) ?? absent
    return ours === theirs ? [] : [{ member, localKms: ours, moto: theirs }]
  })
}

export function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'answer') return 'answers'
  return outcome.kind === 'error' ? outcome.name : `not asked, without $${outcome.missing}`
}
