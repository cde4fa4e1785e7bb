import type { Call } from './call.ts'
import type { Difference } from './compare.ts'

/** Where a known difference shows. A part that is left out may be anything. */
export interface Sign {
  /** Names of calls, each of which has to differ so; without them at least one call has to. */
  readonly calls?: readonly string[]
  /** All calls of these operations, each of which has to differ so. */
  readonly operations?: readonly string[]
  readonly member: string | RegExp
  readonly localKms?: string | RegExp
  readonly moto?: string | RegExp
}

export interface KnownDifference {
  /** Who does what the documentation of AWS says. */
  readonly right: 'LocalKms' | 'moto' | 'both'
  readonly reason: string
  /** Where AWS says so: a page of the developer guide, or operations of the API reference. */
  readonly documented: string
  readonly signs: readonly Sign[]
}

interface Compared {
  readonly call: Call
  readonly differences: readonly Difference[]
}

export interface Explained {
  /** The indexes in the list of known differences, for each difference of each call. */
  readonly reasons: ReadonlyMap<Difference, readonly number[]>
  /** What the list says and what does not show, by the index of its entry. */
  readonly notShown: readonly { readonly index: number; readonly what: string }[]
}

/** Looks every difference up in the list, and every entry of the list in the differences. */
export function explain(
  compared: readonly Compared[],
  known: readonly KnownDifference[],
): Explained {
  const reasons = new Map<Difference, number[]>()
  const notShown: { index: number; what: string }[] = []
  for (const [index, { signs }] of known.entries()) {
    for (const sign of signs) {
      const shownBy = new Set<string>()
      for (const { call, differences } of compared) {
        if (!isMeant(sign, call)) continue
        for (const difference of differences) {
          if (!matches(sign, difference)) continue
          shownBy.add(call.name)
          reasons.set(difference, [...new Set([...(reasons.get(difference) ?? []), index])])
        }
      }
      const missing = expected(sign, compared).filter((name) => !shownBy.has(name))
      notShown.push(...missing.map((what) => ({ index, what })))
      if (missing.length + shownBy.size === 0) notShown.push({ index, what: String(sign.member) })
    }
  }
  return { reasons, notShown }
}

function isMeant({ calls, operations }: Sign, call: Call): boolean {
  return (calls?.includes(call.name) ?? true) && (operations?.includes(call.operation) ?? true)
}

function expected({ calls, operations }: Sign, compared: readonly Compared[]): readonly string[] {
  if (calls) return calls
  if (!operations) return []
  return compared.flatMap(({ call }) => (operations.includes(call.operation) ? [call.name] : []))
}

function matches(sign: Sign, difference: Difference): boolean {
  return (
    fits(sign.member, difference.member) &&
    fits(sign.localKms, difference.localKms) &&
    fits(sign.moto, difference.moto)
  )
}

function fits(wanted: string | RegExp | undefined, text: string): boolean {
  return typeof wanted === 'object' ? wanted.test(text) : wanted === undefined || wanted === text
}
