import { describe, test } from 'vitest'
import { InMemoryKeyStorage } from '../../../../../src/hierarchical.ts'
import { keyStorageCases } from '../../../../support/key-storage-spec.ts'

describe('InMemoryKeyStorage', () => {
  const storage = new InMemoryKeyStorage()
  test.each(keyStorageCases)('$name', ({ run }) => run(storage))
})
