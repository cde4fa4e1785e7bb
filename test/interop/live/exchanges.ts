import type { Combination } from './combinations.ts'
import type { Exchange } from './exchange.ts'
import { directions } from './summary.ts'
import { contextNames, pairs, plaintextNames, plaintexts, variations } from './variations.ts'

/** A raw keyring and one for KMS, with which every two of suite, plaintext and context meet. */
const wide = new Set(['raw AES-256', 'KMS'])

/** Some of the combinations again, by the CMM that requires pairs of the encryption context. */
export function requiringPairs(combinations: readonly Combination[]): Combination[] {
  return combinations
    .filter(({ name }) => wide.has(name))
    .flatMap((combination) =>
      (['one pair', 'all pairs'] as const).map((requires) => {
        const name = `${combination.name}, ${requires} of the encryption context required`
        return { ...combination, name, requires }
      }),
    )
}

/** What the tables say of messages that neither side is asked for. */
export const notExchanged = ['Messages without frames: waxseal reads them and writes none']

/** Every message that is exchanged with each peer. */
export function exchangesOf(combinations: readonly Combination[]): Exchange[] {
  return combinations.flatMap((combination, index) =>
    directions.flatMap((direction) => {
      const written = plaintextNames.filter(
        (name) => direction === 'waxseal reads' || plaintexts[name].frameLength > 0,
      )
      const contexts = contextNames.filter(
        (name) => combination.requires === undefined || name !== 'none',
      )
      const all = wide.has(combination.name) ? pairs(written) : variations(index, written, contexts)
      return all.map((variation) => ({ combination, variation, direction }))
    }),
  )
}
