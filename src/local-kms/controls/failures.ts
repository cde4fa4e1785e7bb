import { z } from 'zod'
import { KmsError, kmsErrorNames, type KmsErrorName } from '../kms-error.ts'
import type { Call } from './call.ts'
import { filterShape, selects, type LocalKmsCallFilter, type Selection } from './filter.ts'

/** What {@link LocalKms.fail} takes: which requests fail, how, and how many of them. */
export interface LocalKmsFailure extends LocalKmsCallFilter {
  /** The error that KMS would answer, for example `ThrottlingException`. */
  error: KmsErrorName
  /** Its message. Default: that the error was asked for. */
  message?: string
  /** Which part of the matching requests fails, from 0 to 1. Default: 1. */
  rate?: number
  /** How many requests fail, after which no more do. Default: `Infinity`. */
  times?: number
}

export const failure = z.strictObject({
  ...filterShape,
  error: z.enum(kmsErrorNames),
  message: z.string().default('LocalKms was told to fail this request.'),
  rate: z.number().min(0).max(1).default(1),
  times: z
    .custom<number>(
      (value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 1),
      'it must be a whole number from 1 on, or Infinity',
    )
    .default(Infinity),
})

interface Rule {
  readonly selection: Selection
  readonly error: KmsError
  readonly rate: number
  readonly draw: () => number
  timesLeft: number
}

/** The failures that a test has asked for. Of several that match, the first one decides. */
export class Failures {
  readonly #rules = new Set<Rule>()
  #rulesMade = 0

  begin(
    selection: Selection,
    { error, message, rate, times }: Omit<z.output<typeof failure>, keyof LocalKmsCallFilter>,
  ): () => void {
    const rule: Rule = {
      selection,
      error: new KmsError(error, message),
      rate,
      draw: generator(++this.#rulesMade),
      timesLeft: times,
    }
    this.#rules.add(rule)
    return () => void this.#rules.delete(rule)
  }

  check(call: Call): void {
    for (const rule of this.#rules) {
      if (!selects(rule.selection, call) || rule.draw() >= rule.rate) continue
      if (--rule.timesLeft === 0) this.#rules.delete(rule)
      throw rule.error
    }
  }
}

/**
 * Numbers from 0 up to 1, by a xorshift of 32 bits. They are the same for the same seed, so that a
 * test that failed fails again; nothing secret hangs on them.
 */
function generator(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  for (let warmUp = 0; warmUp < 8; warmUp++) next()
  return next
}
