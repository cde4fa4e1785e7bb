import { DeriveSharedSecret } from './agreement.ts'
import { CreateAlias, DeleteAlias, ListAliases, UpdateAlias } from './aliases.ts'
import { Decrypt, Encrypt, ReEncrypt } from './cryptography.ts'
import { GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom } from './data-keys.ts'
import { CreateKey, DescribeKey, ListKeys, UpdateKeyDescription } from './keys.ts'
import type { Operation } from './operation.ts'
import { GetKeyPolicy, ListKeyPolicies, PutKeyPolicy } from './policies.ts'
import { GetPublicKey } from './public-key.ts'
import { ReplicateKey, UpdatePrimaryRegion } from './replicas.ts'
import { CancelKeyDeletion, DisableKey, EnableKey, ScheduleKeyDeletion } from './states.ts'

/** Every operation that LocalKms knows. A Map, for the name comes from the request. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    CancelKeyDeletion,
    CreateAlias,
    CreateKey,
    Decrypt,
    DeleteAlias,
    DeriveSharedSecret,
    DescribeKey,
    DisableKey,
    EnableKey,
    Encrypt,
    GenerateDataKey,
    GenerateDataKeyWithoutPlaintext,
    GenerateRandom,
    GetKeyPolicy,
    GetPublicKey,
    ListAliases,
    ListKeyPolicies,
    ListKeys,
    PutKeyPolicy,
    ReEncrypt,
    ReplicateKey,
    ScheduleKeyDeletion,
    UpdateAlias,
    UpdateKeyDescription,
    UpdatePrimaryRegion,
  }),
)
