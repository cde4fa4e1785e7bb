import { CreateAlias, ListAliases } from './aliases.ts'
import {
  Decrypt,
  Encrypt,
  GenerateDataKey,
  GenerateDataKeyWithoutPlaintext,
  GenerateRandom,
  ReEncrypt,
} from './cryptography.ts'
import { CreateKey, DescribeKey, ListKeys } from './keys.ts'
import type { Operation } from './operation.ts'

/** Every operation that LocalKms knows. A Map, for the name comes from the request. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    CreateAlias,
    CreateKey,
    Decrypt,
    DescribeKey,
    Encrypt,
    GenerateDataKey,
    GenerateDataKeyWithoutPlaintext,
    GenerateRandom,
    ListAliases,
    ListKeys,
    ReEncrypt,
  }),
)
