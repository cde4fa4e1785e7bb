import { describe, expect, it } from 'vitest'
import { normalize } from '../../../../src/sql/blind-index/normalize.ts'
import type { Normalization } from '../../../../src/sql.ts'
import { indexed } from './harness.ts'

/** All characters that have a case. */
function* characters(): Generator<string> {
  for (let code = 0; code <= 0x10ffff; code++) {
    const character = String.fromCodePoint(code)
    if (/\p{Changes_When_Casemapped}/u.test(character)) yield character
  }
}

describe('lowercase', () => {
  it.each([
    ['ß, ẞ, SS and ss', ['ß', 'ẞ', 'SS', 'ss']],
    ['the three forms of sigma', ['ΟΔΟΣ', 'οδος', 'οδοσ']],
    ['the dotless and the other i', ['I', 'i', 'ı']],
    ['İ and what lower case makes of it', ['İ', 'i\u0307']],
    ['the Kelvin sign', ['K', 'k', 'K']],
    ['ligatures', ['ﬀ', 'FF', 'ff']],
    ['an iota subscript with another mark', ['\u1fb7', '\u0391\u0342\u0399', 'α\u0345\u0342']],
  ])('takes together %s', (_, texts) => {
    expect(new Set(texts.map((text) => normalize(text, 'lowercase'))).size).toBe(1)
  })

  it('takes together each character of Unicode with its cases, and once is enough', () => {
    const apart: string[] = []
    const all = [...characters()]
    for (const character of all) {
      const normal = normalize(character, 'lowercase')
      const others = [character.toUpperCase(), character.toLowerCase(), normal]
      if (others.some((other) => normalize(other, 'lowercase') !== normal)) apart.push(character)
    }
    expect(apart).toEqual([])
    expect(all.length).toBeGreaterThan(2500)
  })
})

describe('digits', () => {
  const systems = Intl.supportedValuesOf('numberingSystem').flatMap((numberingSystem) => {
    const format = new Intl.NumberFormat('en', { numberingSystem, useGrouping: false })
    const ten = Array.from({ length: 10 }, (_, digit) => format.format(digit))
    return ten.every((text) => /^\p{Nd}$/u.test(text)) ? [[numberingSystem, ten] as const] : []
  })

  it.each(systems)('of the system %s are those of ASCII', (_, ten) => {
    expect(normalize(ten.join(' '), 'digits')).toBe('0123456789')
  })

  it('are nothing else: no fraction, superscript, circled or spelt number', () => {
    expect(normalize('a½²①Ⅷ五-7', 'digits')).toBe('7')
  })

  it('are of tens of systems', () => {
    expect(systems.length).toBeGreaterThan(50)
  })
})

describe('steps', () => {
  it.each<[string, string, Normalization | undefined, string]>([
    ['none: NFC alone', ' A\u030a ', undefined, ' Å '],
    ['none in an array', ' A ', [], ' A '],
    ['trim', '\ufeff\u00a0\t a b \u2029', 'trim', 'a b'],
    ['a function', 'abc', (text) => text.slice(1), 'bc'],
    ['several, in turn', ' AB ', ['trim', (text) => text.slice(1), 'lowercase'], 'b'],
    ['a function that decomposes', 'é', (text) => text.normalize('NFD'), 'é'],
  ])('%s', (_, text, normalization, normal) => {
    expect(normalize(text, normalization)).toBe(normal)
  })

  it('give a function the text in NFC', () => {
    const given: string[] = []
    normalize('e\u0301', (text) => {
      given.push(text)
      return text
    })
    expect(given).toEqual(['é'])
  })

  it.each<[string, unknown, RegExp]>([
    ['an unknown name', 'uppercase', /must be trim, lowercase, digits, a function/],
    ['a name of Object.prototype', 'toString', /must be trim/],
    ['an array within', [['trim']], /must be trim/],
    ['an object', { toString: () => 'trim' }, /must be trim/],
    ['false', false, /must be trim/],
  ])('are refused: %s', (_, normalization, message) => {
    expect(() => indexed({ normalize: normalization as Normalization })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringMatching(message) as string,
      }),
    )
  })

  it('are refused for values that are no text', () => {
    expect(() => indexed({ type: 'number', normalize: 'trim' })).toThrow(/not for number/)
  })

  it('do not change when the array of the application does', async () => {
    const given: 'lowercase'[] = ['lowercase']
    const { indexOf } = indexed({ normalize: given })
    const before = await indexOf('A')
    given.pop()
    expect(await indexOf('A')).toBe(before)
  })
})

describe('a function of the application that fails', () => {
  const secret = 'ada@example.com'

  it.each<[string, (text: string) => unknown, RegExp]>([
    [
      'throws the text',
      (text) => {
        throw new RangeError(`cannot do ${text}`)
      },
      /a function of normalize failed with RangeError$/,
    ],
    [
      'throws no error',
      (text) => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what an application could do
        throw text
      },
      /failed with what is no error$/,
    ],
    ['returns nothing', () => undefined, /returned undefined, no text$/],
    ['returns a promise', (text) => Promise.resolve(text), /returned a promise, no text$/],
    [
      'returns a promise that fails',
      (text) => Promise.reject(new Error(text)),
      /returned a promise, no text$/,
    ],
    ['returns a lone surrogate', () => '\ud800', /lone surrogate/],
  ])('%s', async (_, step, message) => {
    const { indexOf, isMatch } = indexed({ normalize: step as (text: string) => string })
    const failures = [
      await indexOf(secret).catch((error: unknown) => error),
      failureOf(() => isMatch(secret, secret)),
    ]
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'ERR_FIELD', table: 'users', column: 'email' })
      expect((failure as Error).message).toMatch(message)
      expect(String((failure as Error).stack)).not.toContain(secret)
      expect((failure as Error).cause).toBeUndefined()
    }
  })
})

function failureOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
