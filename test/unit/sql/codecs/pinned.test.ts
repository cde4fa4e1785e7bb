import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { decoded, encoded } from '../../../../src/sql/codecs/apply.ts'
import { codecByName, codecNames } from '../../../../src/sql/codecs/codecs.ts'

// The bytes are a format, which readers in other languages rely on: the guide states them.

const guide = readFileSync(
  new URL('../../../../docs/guides/sql-values.md', import.meta.url),
  'utf8',
)
const table = guide.slice(guide.indexOf('<!-- test/unit/sql/codecs/pinned.test.ts'))
const lines = [...table.matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\| (?:`([^`]*)`)? *\|$/gm)].map(
  ([, name = '', value = '', hex = '']) => ({ name, value, hex: hex.replaceAll(' ', '') }),
)

it('the guide has lines for all codecs', () => {
  const missing = codecNames.filter((name) => !lines.some((line) => line.name === name))
  expect(missing).toEqual(['bigint[]', 'boolean[]', 'date[]', 'json[]', 'bytes[]'])
  expect(lines).toHaveLength(19)
})

describe('the bytes of the guide', () => {
  it.each(lines)('$name $value', ({ name, value, hex }) => {
    const codec = codecByName(name)
    if (!codec) throw new Error(`There is no codec ${name}`)
    const evaluated: unknown = runInNewContext(`(${value})`, { Uint8Array, Date })
    expect(Buffer.from(encoded(codec, evaluated)).toString('hex')).toBe(hex)
    const back = decoded(codec, Uint8Array.from(Buffer.from(hex, 'hex')))
    expect(back).toEqual(evaluated)
    if (typeof evaluated === 'number') expect(Object.is(back, evaluated)).toBe(true)
  })
})

it('NaN is written as a quiet one, and all are read', () => {
  const codec = codecByName('number')
  if (!codec) throw new Error('There is no codec number')
  expect(Buffer.from(encoded(codec, Number.NaN)).toString('hex')).toBe('7ff8000000000000')
  for (const hex of ['7ff8000000000000', '7ff0000000000001', 'fff8000000000001']) {
    expect(decoded(codec, Buffer.from(hex, 'hex'))).toBeNaN()
  }
})
