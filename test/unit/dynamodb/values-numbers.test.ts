import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isNumber, normalizeNumber } from '../../../src/dynamodb/values/normalize-number.ts'
import { numbers } from '../../support/dynamodb/items.ts'

function normalized(text: string): string {
  return normalizeNumber(text, (reason) => {
    throw new Error(reason)
  })
}

const zeros = (count: number) => '0'.repeat(count)
const nines = '9'.repeat(38)

it.each([
  // What the reference's own tests and the published items have.
  ['00.0011', '0.0011'],
  ['0000', '0'],
  ['2000.000', '2000'],
  ['10.01', '10.01'],
  // Signs and zeros
  ['0', '0'],
  ['-0', '0'],
  ['+0', '0'],
  ['-0.00', '0'],
  ['0e999999999', '0'],
  ['+5', '5'],
  ['-5', '-5'],
  ['007', '7'],
  ['-007.70', '-7.7'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['-.50', '-0.5'],
  // Exponents
  ['1E10', '10000000000'],
  ['1e+2', '100'],
  ['1.5e1', '15'],
  ['1.5e0', '1.5'],
  ['1.25e1', '12.5'],
  ['100e-2', '1'],
  ['1000e-2', '10'],
  ['100e-5', '0.001'],
  ['0.001e5', '100'],
  ['0.0010e3', '1'],
  ['12345e-3', '12.345'],
  ['1e-00000000000000000000000000000000000003', '0.001'],
  // The bounds: 38 digits, 1e-130 and below 1e126
  [nines, nines],
  [`${nines}0000`, `${nines}0000`],
  [`0.000${nines}000`, `0.000${nines}`],
  [`${nines}000e-3`, nines],
  ['9.9e125', `99${zeros(124)}`],
  [`1${zeros(125)}`, `1${zeros(125)}`],
  ['-1e125', `-1${zeros(125)}`],
  ['1e-130', `0.${zeros(129)}1`],
  // Written with more zeros than there is room for digits, and in bounds
  [`1${zeros(200)}e-100`, `1${zeros(100)}`],
  [`0.${zeros(300)}1e300`, '0.1'],
])('%s is %s', (text, expected) => {
  expect(normalized(text)).toBe(expected)
})

it.each([
  ...['', '-', '+', '.', '-.', 'e5', '1e', '1e+', '1e-', '1e5.5', '--1', '+-1', '1.2.3', '1,5'],
  ...['NaN', 'Infinity', '0x10', '1_000', ' 1', '1 ', '1\n', '１', '١', '1n', 'one'],
])('%j is no number', (text) => {
  expect(() => normalized(text)).toThrow('is no number')
  expect(isNumber(text)).toBe(false)
})

it.each([
  [`${nines}9`, 'more than the 38 significant digits'],
  [`${nines}.5`, 'more than the 38 significant digits'],
  [`1${zeros(37)}1`, 'more than the 38 significant digits'],
  ['1e126', 'beyond what DynamoDB stores'],
  ['-1e126', 'beyond what DynamoDB stores'],
  [`1${zeros(126)}`, 'beyond what DynamoDB stores'],
  ['1e-131', 'beyond what DynamoDB stores'],
  [`0.${zeros(130)}1`, 'beyond what DynamoDB stores'],
  // The reference lets those pass, which DynamoDB does not store.
  [`1${zeros(300)}e-100`, 'beyond what DynamoDB stores'],
  [`0.${zeros(300)}1e100`, 'beyond what DynamoDB stores'],
  // Nothing of this size is made.
  ['1e99999999999999999999', 'beyond what DynamoDB stores'],
  [`1e-${'9'.repeat(400)}`, 'beyond what DynamoDB stores'],
])('%s is refused', (text, reason) => {
  expect(() => normalized(text)).toThrow(reason)
  expect(isNumber(text)).toBe(true)
})

it('keeps the value of a number, in one form', () => {
  fc.assert(
    fc.property(numbers, (text) => {
      const normal = normalized(text)
      expect(normal).toMatch(/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?$/)
      expect(normal).not.toBe('-0')
      expect(normalized(normal)).toBe(normal)
      expect(asFraction(normal)).toEqual(asFraction(text))
    }),
  )
})

/** The number times 10^200, which none of these has digits behind. */
function asFraction(text: string): bigint {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace(/^[+-]/, '').split('.')
  const size = BigInt(whole + fraction) * 10n ** BigInt(200 + Number(exponent) - fraction.length)
  return mantissa.startsWith('-') ? -size : size
}
