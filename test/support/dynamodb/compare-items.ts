import type { CryptoAction } from '../../../src/dynamodb.ts'
import type { JsonItem, JsonValue } from './item-json.ts'

/** How an item that was decrypted differs from what was encrypted, in what it means. */
export function differenceOfItems(
  wanted: JsonItem,
  actual: JsonItem,
  actions: Readonly<Record<string, CryptoAction>>,
): string | undefined {
  const names = Object.keys(wanted).sort()
  const actualNames = Object.keys(actual).sort()
  if (!sameJson(names, actualNames)) return `other attributes came out: ${shown(actualNames)}`
  for (const name of names) {
    const [before, after] = [wanted[name], actual[name]]
    if (!before || !after) continue
    // What is signed may come out in its normal form; nobody has to look into what is not.
    const same = (value: JsonValue) =>
      actions[name] === 'DO_NOTHING' ? sorted(value) : meaning(value)
    if (!sameJson(same(before), same(after))) {
      return `${shown(name)} is ${shown(after)} and not ${shown(before)}`
    }
  }
  return undefined
}

/**
 * How what two libraries found in one item differs. What was encrypted is in its normal form, so they have to
 * agree to the last digit and on the order of sets. What is signed only AWS's returns as it is stored.
 */
export function disagreement(
  one: JsonItem,
  other: JsonItem,
  actions: Readonly<Record<string, CryptoAction>>,
): string | undefined {
  const encrypted = Object.keys(actions).filter((name) => actions[name] === 'ENCRYPT_AND_SIGN')
  const name = encrypted.find((name) => {
    const [value, otherValue] = [one[name], other[name]]
    return value && otherValue && !sameJson(sorted(value), sorted(otherValue))
  })
  if (name === undefined) return undefined
  return `${shown(name)} is ${shown(one[name])} here and ${shown(other[name])} there`
}

/** With all that has no order in an order, and each number in one form. */
function meaning(value: JsonValue): unknown {
  if ('N' in value) return ['N', numberOf(value.N)]
  if ('SS' in value) return ['SS', [...value.SS].sort()]
  if ('NS' in value) return ['NS', value.NS.map(numberOf).sort()]
  if ('BS' in value) return ['BS', [...value.BS].sort()]
  if ('L' in value) return ['L', value.L.map(meaning)]
  if ('M' in value) return ['M', entries(value.M, meaning)]
  return value
}

/** With the keys of maps in an order. */
function sorted(value: JsonValue): unknown {
  if ('L' in value) return ['L', value.L.map(sorted)]
  if ('M' in value) return ['M', entries(value.M, sorted)]
  return value
}

function entries(item: JsonItem, change: (value: JsonValue) => unknown): unknown[] {
  const changed = Object.entries(item).map(([name, value]) => [name, change(value)] as const)
  return changed.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** A number by its digits and the power of ten of the last one. */
function numberOf(text: string): string {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!parts) return `not a number: ${text}`
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  const power = Number(exponent) - fraction.length + (digits.length - significant.length)
  return `${sign === '-' ? '-' : ''}${significant}e${power}`
}

function sameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** These values are no secrets. */
function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 300)
}
