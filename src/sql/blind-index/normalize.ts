import { show } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { CodecError } from '../codecs/codec.ts'

/**
 * What makes two texts the same one: by name, a function, or several in turn.
 *
 * - `trim`: without white space at both ends.
 * - `lowercase`: without regard to case, in no particular language; `ß` is `ss`, and the dotless `ı` is `i`.
 * - `digits`: the decimal digits alone, those of all scripts as `0` to `9`.
 *
 * A function returns the same text for texts that are to be the same, and a promise never. It must never change once
 * there are rows.
 */
export type Normalization = NormalizationStep | readonly NormalizationStep[]

/** One step of a {@link Normalization}. */
export type NormalizationStep = 'trim' | 'lowercase' | 'digits' | ((text: string) => string)

const steps: Readonly<Record<Exclude<NormalizationStep, (text: string) => string>, Step>> = {
  trim: (text) => text.trim(),
  lowercase,
  digits: (text) => text.replaceAll(/\P{Nd}/gu, '').replaceAll(/\p{Nd}/gu, asciiDigit),
}

type Step = (text: string) => string

/** The text in its normal form. Canonically equal texts of Unicode have the same one. */
export function normalize(text: string, normalization: Normalization | undefined): string {
  const list = normalization === undefined ? [] : [normalization].flat()
  let normal = text.normalize('NFC')
  for (const step of list) {
    const next = typeof step === 'function' ? call(step, normal) : steps[step](normal)
    normal = next.normalize('NFC')
  }
  return normal
}

export function checkNormalization(
  value: unknown,
  codecName: string,
  field: string,
): Normalization | undefined {
  if (value === undefined) return undefined
  if (codecName !== 'string') {
    throw new InvalidArgumentError(field, `${field} is for text, and not for ${codecName}`)
  }
  const list: unknown[] = Array.isArray(value) ? Array.from(value as unknown[]) : [value]
  for (const step of list) {
    if (typeof step === 'function') continue
    if (typeof step === 'string' && Object.hasOwn(steps, step)) continue
    throw new InvalidArgumentError(
      field,
      `${field} must be ${Object.keys(steps).join(', ')}, a function, or an array of them, not ${show(step)}`,
    )
  }
  return Object.freeze(list as NormalizationStep[])
}

/**
 * Lower case of upper case of lower case: either alone leaves some pairs apart, such as ß and ẞ. The final sigma is
 * one by its place alone. Decomposed, since marks can stand in another order when a case has no composed form.
 */
function lowercase(text: string): string {
  const decomposed = text.normalize('NFD')
  return decomposed.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')
}

/** Unicode has the decimal digits of every script in order, ten by ten, so the place in their row tells the digit. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0
  let first = code
  while (first > 0 && /\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--
  return String((code - first) % 10)
}

/** What a function of the application makes of the text, which is in no error, nor in what the function throws. */
function call(step: Step, text: string): string {
  let next: unknown
  try {
    next = step(text)
  } catch (error) {
    const kind = error instanceof Error ? error.name : 'what is no error'
    throw new CodecError(`could not be normalised: a function of normalize failed with ${kind}`)
  }
  if (typeof next === 'string') return next
  // An async function that fails would end the process, with a message of its own.
  if (next instanceof Promise) next.catch(() => undefined)
  const kind = next instanceof Promise ? 'a promise' : typeof next
  throw new CodecError(`could not be normalised: a function of normalize returned ${kind}, no text`)
}
