const mostDigits = 38
/** Of the first digit that is not zero, as a power of ten: 1e-130 and 9.99e125 are within, and nothing beyond. */
const [leastMagnitude, mostMagnitude] = [-130, 125]

/** Most numbers are written as they are stored, and take this way. */
const normalInteger = /^(?:0|-?[1-9][0-9]{0,37})$/
const anyNumber = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/

/** Whether it is a number, of whatever size. */
export function isNumber(text: string): boolean {
  return normalInteger.test(text) || parse(text) !== undefined
}

/**
 * A number as DynamoDB stores it: all digits, no exponent, no zeros that say nothing. What is signed is
 * this form, so two ways to write a number have to come out as one (ddb-attribute-serialization.md,
 * "Number").
 *
 * @param fail is told what is wrong with it.
 */
export function normalizeNumber(text: string, fail: (reason: string) => never): string {
  if (normalInteger.test(text)) return text
  const parsed = parse(text)
  if (parsed === undefined) {
    return fail('is no number: digits are needed, and a point, an exponent and a sign may be there')
  }
  const { minus, whole, fraction, exponent } = parsed
  const digits = whole + fraction
  const first = firstNot('0', digits)
  if (first === digits.length) return '0'
  const significant = digits.slice(first, lastNot('0', digits) + 1)
  if (significant.length > mostDigits) {
    fail(`has more than the ${mostDigits} significant digits that DynamoDB stores`)
  }
  // How many digits stand before the point; less than zero, how many zeros stand behind it. The exponent
  // may be infinite, and nothing is made of that size before its bounds are checked.
  const before = whole.length + exponent - first
  if (before - 1 > mostMagnitude || before - 1 < leastMagnitude) {
    fail(`is beyond what DynamoDB stores, from 1e${leastMagnitude} to below 1e${mostMagnitude + 1}`)
  }
  return minus + withPoint(significant, before)
}

function parse(
  text: string,
): { minus: string; whole: string; fraction: string; exponent: number } | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = anyNumber.exec(text) ?? []
  // There is a digit, before or behind the point.
  if (whole === '' && fraction === '') return undefined
  return { minus: sign === '-' ? '-' : '', whole, fraction, exponent: Number(exponent) }
}

function withPoint(digits: string, before: number): string {
  if (before <= 0) return `0.${'0'.repeat(-before)}${digits}`
  if (before >= digits.length) return digits + '0'.repeat(before - digits.length)
  return `${digits.slice(0, before)}.${digits.slice(before)}`
}

// Loops, for a regular expression of trailing zeros takes quadratic time on a text that has many within.

function firstNot(character: string, text: string): number {
  let at = 0
  while (text[at] === character) at++
  return at
}

function lastNot(character: string, text: string): number {
  let at = text.length - 1
  while (text[at] === character) at--
  return at
}
