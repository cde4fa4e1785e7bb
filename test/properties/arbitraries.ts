import * as fc from 'fast-check'
import { type AlgorithmSuiteName, algorithmSuites } from '../../src/index.ts'

/** The same cases in every run. */
export const seed = 0x57a1

export const suiteNames = Object.keys(algorithmSuites) as AlgorithmSuiteName[]

/** Bytes, in which lengths around the frame lengths below are as likely as others. */
export const plaintexts = fc.uint8Array({ maxLength: 200 })
export const frameLengths = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(65536))

/** Any Unicode text that has a UTF-8 form: no lone surrogates, but all planes and U+FEFF. */
const text = fc.string({ unit: 'binary', maxLength: 8 })
const oddKeys = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  '10',
  '9',
  '',
  '\ufeff',
  '\0',
)
const keys = fc
  .oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: oddKeys })
  .filter((key) => !key.startsWith('aws-crypto-'))

/** A context built without a literal, so that `__proto__` is a key like any other. */
export const contexts = fc
  .array(fc.tuple(keys, text), { maxLength: 6 })
  .map((pairs) => Object.fromEntries(pairs) as Record<string, string>)

/** Where to cut bytes into chunks: lengths that are repeated until the end. Zero is a chunk too. */
export const chunkings = fc
  .array(fc.integer({ min: 0, max: 70 }), { minLength: 1, maxLength: 5 })
  .filter((lengths) => lengths.some((length) => length > 0))

export function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? 0
    yield bytes.subarray(at, at + length)
    at += length
  }
}
