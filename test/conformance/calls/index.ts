import { aliases } from './aliases.ts'
import { ecc, rsa } from './asymmetric.ts'
import { dataKeyPairs, dataKeys } from './data-keys.ts'
import { dryRuns } from './dry-runs.ts'
import { encryption } from './encryption.ts'
import { grants } from './grants.ts'
import { imports } from './import.ts'
import { keys, policies } from './keys.ts'
import { macs } from './macs.ts'
import { multiRegion } from './multi-region.ts'
import { rotation } from './rotation.ts'
import { states } from './states.ts'
import { tags } from './tags.ts'
import type { Topic } from '../call.ts'

/** In this order: what one topic makes, those below it use. */
export const topics: readonly Topic[] = [
  keys,
  aliases,
  encryption,
  dataKeys,
  dryRuns,
  states,
  multiRegion,
  rsa,
  ecc,
  macs,
  dataKeyPairs,
  rotation,
  imports,
  grants,
  tags,
  policies,
]
