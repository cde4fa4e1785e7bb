import { describe, expect, it } from 'vitest'
import { ByteReader, type Parsing } from '../../../src/format/reader.ts'

/** Three fields: two bytes, five bytes, and whatever is left of four, in pieces. */
function* parse(reader: ByteReader): Parsing<string[]> {
  const first = Buffer.from(yield* reader.take(2, 'first')).toString()
  const second = Buffer.from(yield* reader.take(5, 'second')).toString()
  let rest = ''
  while (rest.length < 4) {
    rest += Buffer.from(yield* reader.takeSome(4 - rest.length, 'rest')).toString()
  }
  return [first, second, rest]
}

function run(reader: ByteReader, parsing: Parsing<string[]>, chunks: Iterable<Buffer>): string[] {
  for (const chunk of chunks) {
    const step = parsing.next()
    if (step.done) return step.value
    const copy = Buffer.from(chunk)
    reader.feed(copy)
    const next = parsing.next()
    reader.keep()
    copy.fill(0xee) // its owner may reuse it
    if (next.done) return next.value
  }
  reader.end()
  const last = parsing.next()
  if (last.done) return last.value
  throw new Error('it waits for more')
}

const bytes = Buffer.from('abcdefghijk')

describe('ByteReader', () => {
  it('reads the same, however the bytes are cut', () => {
    for (let one = 0; one <= bytes.length; one++) {
      for (let two = one; two <= bytes.length; two++) {
        const reader = new ByteReader()
        const chunks = [bytes.subarray(0, one), bytes.subarray(one, two), bytes.subarray(two)]
        expect(run(reader, parse(reader), chunks)).toEqual(['ab', 'cdefg', 'hijk'])
        expect(reader.offset).toBe(bytes.length)
        expect(reader.available).toBe(0)
      }
    }
  })

  it.each([0, 1, 2, 6, 7, 10])('says where it ended, after %d bytes', (length) => {
    const reader = new ByteReader()
    expect(() => run(reader, parse(reader), [bytes.subarray(0, length)])).toThrow(
      expect.objectContaining({ code: 'ERR_TRUNCATED_MESSAGE', offset: length }),
    )
  })

  it('gives back all that was taken since the mark, byte for byte', () => {
    function* marked(reader: ByteReader): Parsing<string[]> {
      yield* reader.take(1, 'before')
      reader.mark()
      yield* reader.take(3, 'one')
      yield* reader.take(4, 'two')
      const body = Buffer.from(reader.marked()).toString()
      yield* reader.take(1, 'after')
      return [body]
    }
    for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.of(byte))]) {
      const reader = new ByteReader()
      expect(run(reader, marked(reader), chunks)).toEqual(['bcdefgh'])
    }
  })
})
