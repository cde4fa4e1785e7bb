import {
  type AlgorithmSuiteName,
  type CommitmentPolicy,
  algorithmSuites,
} from '../../../src/index.ts'
import { pairwise } from '../../support/pairwise.ts'

const frameLength = 128 // the Python library takes multiples of the block size only

/** Lengths in bytes, with the frames that they make. */
export const plaintexts = {
  empty: { length: 0, frameLength },
  short: { length: 40, frameLength },
  'full frames': { length: 2 * frameLength, frameLength },
  'several frames': { length: 300, frameLength },
  'non-framed': { length: 300, frameLength: 0 },
} as const
export type PlaintextName = keyof typeof plaintexts

/** Each library sorts the keys before it authenticates them: order is where two could disagree. */
export const encryptionContexts = {
  none: {},
  ASCII: { purpose: 'interop', tenant: '42' },
  // In UTF-8 U+E000 comes before U+1F511, in UTF-16 after it.
  'not ASCII': { Zone: 'Zürich', 漢字: 'ключ', '\u{1f511}': 'key', '\ue000': 'private use' },
  'mixed case': { b: '1', A: '2', a: '3', B: '4', aB: '5', Ab: '6', _: '7', Z: '8' },
} as const
export type ContextName = keyof typeof encryptionContexts

/** One message to exchange, whichever keyring wraps its data key. */
export interface Variation {
  readonly suite: AlgorithmSuiteName
  readonly plaintext: PlaintextName
  readonly context: ContextName
}

export const suiteNames = Object.keys(algorithmSuites) as AlgorithmSuiteName[]
export const plaintextNames = Object.keys(plaintexts) as PlaintextName[]
export const contextNames = Object.keys(encryptionContexts) as ContextName[]

/**
 * The messages for a keyring in a direction: one a suite, plaintexts and contexts taking turns from
 * another start for each keyring.
 */
export function variations(
  start: number,
  written: readonly PlaintextName[],
  contexts: readonly ContextName[],
): Variation[] {
  return suiteNames.map((suite, index) => ({
    suite,
    plaintext: turn(written, start + index),
    context: turn(contexts, start + index),
  }))
}

/** Instead of those, for a few keyrings: every two of suite, plaintext and context together. */
export function pairs(written: readonly PlaintextName[]): Variation[] {
  return pairwise({ suite: suiteNames, plaintext: written, context: contextNames })
}

export function plaintextOf(name: PlaintextName): Buffer {
  return Buffer.from(Array.from({ length: plaintexts[name].length }, (_, index) => index % 251))
}

/** The strictest policy that lets a client write the suite. */
export function writingPolicy({ suite }: Variation): CommitmentPolicy {
  return algorithmSuites[suite].commitment
    ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
    : 'FORBID_ENCRYPT_ALLOW_DECRYPT'
}

/** The strictest policy that lets a client read it. */
export function readingPolicy({ suite }: Variation): CommitmentPolicy {
  return algorithmSuites[suite].commitment
    ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
    : 'REQUIRE_ENCRYPT_ALLOW_DECRYPT'
}

function turn<T>(values: readonly T[], index: number): T {
  const value = values[index % values.length]
  if (value === undefined) throw new Error('There are no values')
  return value
}
