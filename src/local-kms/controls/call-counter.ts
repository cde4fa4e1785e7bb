import type { Call } from './call.ts'
import { selects, type Selection } from './filter.ts'

/** How many calls there were. It keeps a number for each kind of call, and no call. */
export class CallCounter {
  readonly #counts = new Map<string, { readonly call: Call; count: number }>()

  add(call: Call): void {
    const { operation, region, uses } = call
    const kind = [operation, region, ...uses.map(({ keyArn }) => keyArn)].join(' ')
    const counted = this.#counts.get(kind)
    if (counted) counted.count++
    else this.#counts.set(kind, { call: withoutContents(call), count: 1 })
  }

  count(selection: Selection): number {
    let sum = 0
    for (const { call, count } of this.#counts.values()) if (selects(selection, call)) sum += count
    return sum
  }

  reset(): void {
    this.#counts.clear()
  }
}

/** What is kept is bounded: nothing whose size the request decides. */
function withoutContents({ operation, region, uses }: Call): Call {
  return {
    operation,
    region,
    uses: uses.map((use) => ({ ...use, encryptionContext: undefined })),
    grantTokens: undefined,
  }
}
