import type { Call, Topic } from './call.ts'
import { differencesOf, type Difference } from './compare.ts'
import { explain } from './known-differences.ts'
import { motoDifferences } from './moto-differences.ts'
import type { Outcome, Service } from './service.ts'

/** One call, and what came of it on both sides. */
export interface CallResult {
  readonly call: Call
  readonly localKms: Outcome
  readonly differences: readonly Difference[]
  /** The numbers of the reasons in the document, from 1. */
  readonly reasons: readonly number[]
  /** What is wrong: a difference that is not listed, an error that AWS's model does not have. */
  readonly problems: readonly string[]
}

export interface TopicResult {
  readonly title: string
  readonly calls: readonly CallResult[]
}

export interface Results {
  readonly topics: readonly TopicResult[]
  /** What the list of known differences says and what does not show. */
  readonly notShown: readonly string[]
}

/** Makes all calls to both services, in their order, and compares. */
export async function compareServices(
  topics: readonly Topic[],
  localKms: Service,
  moto: Service,
  declaredErrors: (operation: string) => readonly string[],
): Promise<Results> {
  const compared: { call: Call; localKms: Outcome; differences: readonly Difference[] }[] = []
  for (const call of topics.flatMap(({ calls }) => calls)) {
    const ours = await localKms.make(call)
    const differences = differencesOf(ours, await moto.make(call))
    compared.push({ call, localKms: ours, differences })
  }
  const { reasons, notShown } = explain(compared, motoDifferences)
  const results = new Map(
    compared.map((result): [Call, CallResult] => {
      const numbers = result.differences.flatMap((difference) => reasons.get(difference) ?? [])
      const unlisted = result.differences.filter((difference) => !reasons.has(difference))
      return [
        result.call,
        {
          ...result,
          reasons: [...new Set(numbers)].sort((a, b) => a - b).map((index) => index + 1),
          problems: [
            ...unlisted.map(
              ({ member, localKms, moto }) =>
                `not listed: ${member}: LocalKms ${localKms}, moto ${moto}`,
            ),
            ...undeclared(result.call, result.localKms, declaredErrors),
          ],
        },
      ]
    }),
  )
  return {
    topics: topics.map(({ title, calls }) => ({
      title,
      calls: calls.flatMap((call) => results.get(call) ?? []),
    })),
    notShown: notShown.map(
      ({ index, what }) => `${motoDifferences[index]?.reason ?? ''}: does not show in ${what}`,
    ),
  }
}

function undeclared(
  { operation }: Call,
  outcome: Outcome,
  declaredErrors: (operation: string) => readonly string[],
): readonly string[] {
  if (outcome.kind === 'not asked') return [`LocalKms was not asked, without $${outcome.missing}`]
  if (outcome.kind === 'answer' || declaredErrors(operation).includes(outcome.name)) return []
  return [`AWS's model of ${operation} has no ${outcome.name}`]
}
