import { EnvelopeError } from '../errors.ts'
import { type ItemAlgorithmSuite, itemSuiteById } from './item-suites.ts'
import { type AlgorithmSuite, suiteById, suiteIdText } from './suites.ts'

/** A suite that materials can be for: of a message or of an item. */
export type MaterialsSuite = AlgorithmSuite | ItemAlgorithmSuite

/**
 * The suite of the tables with the same id: what follows from a suite is never taken from an object that
 * somebody else made, so that no suite can claim a commitment or lack a signature.
 */
export function knownSuite({ id }: MaterialsSuite): MaterialsSuite {
  const suite = suiteById(id) ?? itemSuiteById(id)
  if (suite) return suite
  throw new EnvelopeError(
    'ERR_UNKNOWN_ALGORITHM_SUITE',
    `There is no algorithm suite ${suiteIdText(id)}`,
  )
}

/** Whether data keys are wrapped under intermediate keys (algorithm-suites.md, "Intermediate Key Wrapping"). */
export function isItemSuite(suite: MaterialsSuite): suite is ItemAlgorithmSuite {
  return suite.messageVersion === undefined
}

/** Refuses materials of an item where a message is to be written. */
export function messageSuite(suite: MaterialsSuite): AlgorithmSuite {
  if (!isItemSuite(suite)) return suite
  throw new EnvelopeError(
    'ERR_UNKNOWN_ALGORITHM_SUITE',
    `The CMM produced materials for ${suite.name}, a suite of items, and a message was to be written`,
  )
}
