import { EnvelopeError } from '../errors.ts'
import type { ItemAlgorithmSuite } from '../suites/item-suites.ts'
import { type MaterialsSuite, isItemSuite } from '../suites/materials-suite.ts'

/** Refuses materials of a message, and those of another suite than the header has. */
export function checkedItemSuite(
  suite: MaterialsSuite,
  expected?: ItemAlgorithmSuite,
): ItemAlgorithmSuite {
  if (isItemSuite(suite) && (!expected || suite.id === expected.id)) return suite
  throw new EnvelopeError(
    'ERR_UNKNOWN_ALGORITHM_SUITE',
    `The CMM produced materials for ${suite.name}, which is not the suite of the item`,
  )
}
