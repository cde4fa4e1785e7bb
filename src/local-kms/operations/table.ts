import { DeriveSharedSecret } from './agreement.ts'
import { CreateAlias, DeleteAlias, ListAliases, UpdateAlias } from './aliases.ts'
import { Decrypt, Encrypt, ReEncrypt } from './cryptography.ts'
import { GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext } from './data-key-pairs.ts'
import { GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom } from './data-keys.ts'
import { ListGrants, ListRetirableGrants } from './grant-lists.ts'
import { CreateGrant, RetireGrant, RevokeGrant } from './grants.ts'
import { DeleteImportedKeyMaterial, GetParametersForImport, ImportKeyMaterial } from './import.ts'
import { CreateKey, DescribeKey, ListKeys, UpdateKeyDescription } from './keys.ts'
import { GenerateMac, VerifyMac } from './mac.ts'
import type { Operation } from './operation.ts'
import { GetKeyPolicy, ListKeyPolicies, PutKeyPolicy } from './policies.ts'
import { GetPublicKey } from './public-key.ts'
import { ReplicateKey, UpdatePrimaryRegion } from './replicas.ts'
import {
  DisableKeyRotation,
  EnableKeyRotation,
  GetKeyRotationStatus,
  ListKeyRotations,
  RotateKeyOnDemand,
} from './rotation.ts'
import { CancelKeyDeletion, DisableKey, EnableKey, ScheduleKeyDeletion } from './states.ts'
import { ListResourceTags, TagResource, UntagResource } from './tags.ts'

/** Every operation that LocalKms knows. A Map, for the name comes from the request. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    CancelKeyDeletion,
    CreateAlias,
    CreateGrant,
    CreateKey,
    Decrypt,
    DeleteAlias,
    DeleteImportedKeyMaterial,
    DeriveSharedSecret,
    DescribeKey,
    DisableKey,
    DisableKeyRotation,
    EnableKey,
    EnableKeyRotation,
    Encrypt,
    GenerateDataKey,
    GenerateDataKeyPair,
    GenerateDataKeyPairWithoutPlaintext,
    GenerateDataKeyWithoutPlaintext,
    GenerateMac,
    GenerateRandom,
    GetKeyPolicy,
    GetKeyRotationStatus,
    GetParametersForImport,
    GetPublicKey,
    ImportKeyMaterial,
    ListAliases,
    ListGrants,
    ListKeyPolicies,
    ListKeyRotations,
    ListKeys,
    ListResourceTags,
    ListRetirableGrants,
    PutKeyPolicy,
    ReEncrypt,
    ReplicateKey,
    RetireGrant,
    RevokeGrant,
    RotateKeyOnDemand,
    ScheduleKeyDeletion,
    TagResource,
    UntagResource,
    UpdateAlias,
    UpdateKeyDescription,
    UpdatePrimaryRegion,
    VerifyMac,
  }),
)
