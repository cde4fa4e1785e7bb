import { show } from '../../checks.ts'
import { InvalidArgumentError } from '../../errors.ts'

/**
 * What makes two texts the same one: by name, a function, or several in turn.
 *
 * - `trim`: without white space at both ends.
 * - `lowercase`: without regard to case, in no particular language.
 * - `digits`: the decimal digits alone, full-width ones as ordinary ones.
 *
 * A function returns the same text for texts that are to be the same. It must never change once there are rows.
 */
export type Normalization = NormalizationStep | readonly NormalizationStep[]

/** One step of a {@link Normalization}. */
export type NormalizationStep = 'trim' | 'lowercase' | 'digits' | ((text: string) => string)

const steps = {
  trim: (text: string) => text.trim(),
  // Upper case first: it takes together what lower case alone leaves apart, such as the two forms of sigma.
  lowercase: (text: string) => text.toUpperCase().toLowerCase().replaceAll('ς', 'σ'),
  digits: (text: string) => text.normalize('NFKC').replaceAll(/\P{Nd}/gu, ''),
} as const

/** The text in its normal form. Canonically equal texts of Unicode have the same one. */
export function normalize(text: string, normalization: Normalization | undefined): string {
  const list = normalization === undefined ? [] : [normalization].flat()
  let normal = text.normalize('NFC')
  for (const step of list) {
    const next: unknown = typeof step === 'function' ? step(normal) : steps[step](normal)
    if (typeof next !== 'string') {
      throw new InvalidArgumentError('normalize', 'A function of normalize must return a string')
    }
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
    if (typeof step === 'function' || Object.keys(steps).includes(String(step))) continue
    throw new InvalidArgumentError(
      field,
      `${field} must be ${Object.keys(steps).join(', ')}, a function, or an array of them, not ${show(step)}`,
    )
  }
  return Object.freeze(list as NormalizationStep[])
}
