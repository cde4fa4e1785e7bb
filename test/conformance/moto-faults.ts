import { absent } from './compare.ts'
import type { KnownDifference } from './known-differences.ts'
import { answers, crash, fails, lacks, names } from './signs.ts'

/** What moto 5.2 has not, or answers wrongly. */
export const motoFaults: readonly KnownDifference[] = [
  {
    right: 'LocalKms',
    reason:
      'moto cannot decrypt under multi-Region keys: it keeps 36 bytes of the key id in a ciphertext, and theirs is longer',
    documented: 'developer guide, Multi-Region keys',
    signs: [
      fails(
        'AccessDeniedException',
        'Decrypt, under a primary key',
        'Decrypt, in the region of the replica',
        'Decrypt, with the ARN of the replica',
        'Decrypt, under the primary key what a replica key has encrypted',
        'Decrypt, under a replica key what was encrypted before a rotation',
        'Decrypt, under a primary key what its replica encrypted after a rotation',
      ),
    ],
  },
  {
    right: 'LocalKms',
    reason:
      'moto makes a replica key a copy with the description of its primary key, mixes up which of them is the primary one, makes a replica where there is one, and makes replicas of replicas',
    documented: 'ReplicateKey; MultiRegionConfiguration of DescribeKey',
    signs: [
      answers(
        'AlreadyExistsException',
        'ReplicateKey, to a region that has a replica',
        'ReplicateKey, to its own region',
      ),
      answers('UnsupportedOperationException', 'ReplicateKey, a replica key'),
      {
        calls: ['ReplicateKey, to another region'],
        member: 'ReplicaKeyMetadata.Description',
        localKms: 'copy',
        moto: 'everywhere',
      },
      {
        calls: ['DescribeKey, a replica key'],
        member: 'KeyMetadata.Description',
        localKms: 'copy',
        moto: 'everywhere',
      },
      { member: /Metadata\.MultiRegionConfiguration\./ },
    ],
  },
  {
    right: 'LocalKms',
    reason: 'moto deletes a primary key without waiting for its replicas',
    documented: 'ScheduleKeyDeletion; PendingDeletionWindowInDays of DescribeKey',
    signs: [
      {
        calls: ['ScheduleKeyDeletion, of a primary key with replicas'],
        member: 'DeletionDate',
        localKms: absent,
        moto: 'in 30 days',
      },
      {
        calls: ['DescribeKey, a primary key that waits for its replicas'],
        member: 'KeyMetadata.DeletionDate',
        localKms: absent,
        moto: 'in 30 days',
      },
      {
        calls: ['DescribeKey, a primary key that waits for its replicas'],
        member: 'KeyMetadata.KeyState',
        localKms: 'PendingReplicaDeletion',
        moto: 'PendingDeletion',
      },
      ...lacks('KeyMetadata.PendingDeletionWindowInDays'),
    ],
  },
  {
    right: 'LocalKms',
    reason: 'moto has no RSA encryption: it encrypts with AES, whatever the key and the algorithm',
    documented: 'Encrypt and Decrypt, on asymmetric KMS keys',
    signs: [
      fails(
        'InvalidCiphertextException',
        'Decrypt, what was encrypted with the public key, OAEP with SHA-1',
        'Decrypt, what was encrypted with the public key, OAEP with SHA-256',
        'ReEncrypt, from an RSA key to a symmetric one',
      ),
      fails('not asked, without $fromRsa', 'Decrypt, what came from an RSA key'),
      names('InvalidCiphertextException', 'AccessDeniedException', 'Decrypt, RSA with another key'),
      answers(
        'ValidationException',
        'Decrypt, RSA without KeyId',
        'Encrypt, RSA with an encryption context',
        'Encrypt, RSA_2048 with SHA-256, 191 bytes',
      ),
    ],
  },
  {
    right: 'LocalKms',
    reason:
      'moto has no GenerateDataKeyPair, DeriveSharedSecret, UpdatePrimaryRegion, and no imported key material',
    documented: 'these operations',
    signs: [
      {
        operations: [
          'GenerateDataKeyPair',
          'GenerateDataKeyPairWithoutPlaintext',
          'DeriveSharedSecret',
          'UpdatePrimaryRegion',
          'GetParametersForImport',
          'DeleteImportedKeyMaterial',
        ],
        member: 'outcome',
        moto: crash,
      },
      { operations: ['ImportKeyMaterial'], member: 'outcome', moto: /^not asked/ },
      fails('not asked, without $wrappedPrivateKey', 'Decrypt, the private key of a pair'),
      answers(
        'KMSInvalidStateException',
        'Encrypt, before key material is imported',
        'EnableKey, before key material is imported',
        'Decrypt, without the imported key material',
      ),
      ...[
        'CreateKey, for imported key material',
        'DescribeKey, without its imported key material',
      ].flatMap((name) => [
        { calls: [name], member: 'KeyMetadata.Enabled', localKms: 'false', moto: 'true' },
        {
          calls: [name],
          member: 'KeyMetadata.KeyState',
          localKms: 'PendingImport',
          moto: 'Enabled',
        },
      ]),
      ...lacks('KeyMetadata.ExpirationModel'),
    ],
  },
  {
    right: 'LocalKms',
    reason:
      'moto fails with a fault of its own (status 500) where KMS names an error, or where the key is given by its ARN',
    documented: 'errors of these operations; KeyId of the operations that take an ARN',
    signs: [
      names(
        'ValidationException',
        crash,
        'DescribeKey, without KeyId',
        'Encrypt, without KeyId',
        'GenerateRandom, of no length',
        'RetireGrant, nothing named',
      ),
      names('UnsupportedOperationException', crash, 'ReplicateKey, a key of one region'),
      names(
        'NotFoundException',
        crash,
        'CreateGrant, under an unknown key',
        'RevokeGrant, of an unknown key',
      ),
      fails(
        crash,
        'DisableKey, by key ARN',
        'EnableKey, by key ARN',
        'ScheduleKeyDeletion, by key ARN, with no date',
        'ReplicateKey, by key ARN',
      ),
    ],
  },
  {
    right: 'LocalKms',
    reason: 'moto gives its lists no pages',
    documented: 'Limit, Marker and InvalidMarkerException of the list operations',
    signs: [
      answers('InvalidMarkerException', 'ListKeys, a wrong marker', 'ListAliases, a wrong marker'),
      fails('not asked, without $marker', 'ListKeys, the next page'),
      { calls: ['ListKeys, a page of one'], member: /^Keys\[\]/ },
      ...['ListKeys, a page of one', 'ListAliases, a page of one'].flatMap((name) => [
        { calls: [name], member: 'Truncated', localKms: 'true', moto: 'false' },
        { calls: [name], member: 'NextMarker', moto: absent },
      ]),
    ],
  },
  {
    right: 'moto',
    reason:
      'when the deletion of a key whose imported material is gone is cancelled, LocalKms has it wait for the import again; AWS says Disabled of every key, and does not say what EnableKey would make of this one',
    documented: 'CancelKeyDeletion',
    signs: [
      {
        calls: ['DescribeKey, whose deletion was cancelled, without its imported key material'],
        member: 'KeyMetadata.KeyState',
        localKms: 'PendingImport',
        moto: 'Disabled',
      },
    ],
  },
  {
    right: 'both',
    reason:
      "moto lists aliases of AWS's own keys, which KMS may have in an account; LocalKms has none of these keys",
    documented: 'ListAliases',
    signs: [
      { calls: ['ListAliases, of a region without aliases'], member: /^Aliases\[\]/ },
      {
        calls: ['ListAliases, a page of one'],
        member: /^Aliases\[\]\.(?:AliasArn|AliasName|TargetKeyId)$/,
        moto: '16 values',
      },
    ],
  },
  {
    right: 'LocalKms',
    reason: 'moto makes a second grant when a CreateGrant with a name is sent again',
    documented: 'Name of CreateGrant',
    signs: [
      {
        calls: ['CreateGrant, the same once more'],
        member: 'GrantId',
        localKms: '$grantId',
        moto: 'text',
      },
      {
        calls: [
          'ListGrants, of a key',
          'ListRetirableGrants, of a principal',
          'ListGrants, of a key whose grants are gone',
        ],
        member: /^Grants\[\]/,
      },
    ],
  },
  {
    right: 'LocalKms',
    reason:
      'moto lists the grants of every grantee, whoever is asked for, and retires grants that do not exist',
    documented: 'ListGrants; errors of RetireGrant',
    signs: [
      answers('InvalidGrantTokenException', 'RetireGrant, by a token of a grant that was retired'),
      answers('NotFoundException', 'RetireGrant, by the id of a grant that was retired'),
      { calls: ['ListGrants, by grantee'], member: /^Grants\[\]/ },
    ],
  },
  {
    right: 'LocalKms',
    reason: 'moto answers the key id where KMS answers the key ARN',
    documented:
      'KeyId in the answers of GetPublicKey, ScheduleKeyDeletion, CancelKeyDeletion and others',
    signs: [
      {
        member: /^(?:KeyId|Grants\[\]\.KeyId|Rotations\[\]\.KeyId)$/,
        localKms: /Arn|^arn:/,
        moto: /^\$(?!\w*Arn)/,
      },
    ],
  },
  {
    right: 'LocalKms',
    reason: 'moto does not fill in the defaults of CreateKey, ENCRYPT_DECRYPT and one region',
    documented: 'KeyUsage and MultiRegion of CreateKey',
    signs: [
      { member: /KeyMetadata\.KeyUsage$/, localKms: 'ENCRYPT_DECRYPT', moto: absent },
      { member: 'KeyMetadata.MultiRegion', localKms: 'false', moto: absent },
      { member: /KeyMetadata\.SigningAlgorithms\[\]$/, localKms: absent, moto: 'none' },
    ],
  },
  {
    right: 'LocalKms',
    reason:
      'moto gives keys for MACs and key agreement the encryption algorithms of RSA keys, and to those for key agreement signing algorithms',
    documented: 'KeyMetadata; developer guide, Key spec reference',
    signs: [
      {
        member: /^(?:(?:Replica)?KeyMetadata\.)?EncryptionAlgorithms\[\]$/,
        localKms: absent,
        moto: 'RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256',
      },
      {
        member: /^(?:(?:Replica)?KeyMetadata\.)?SigningAlgorithms\[\]$/,
        localKms: absent,
        moto: /^ECDSA/,
      },
    ],
  },
  {
    right: 'LocalKms',
    reason: 'moto does not answer every member that KMS documents',
    documented: 'the answer of each operation',
    signs: lacks(
      'EncryptionAlgorithm',
      'SourceEncryptionAlgorithm',
      'DestinationEncryptionAlgorithm',
      'KeyMaterialId',
      'SourceKeyMaterialId',
      'DestinationKeyMaterialId',
      'KeyMetadata.CurrentKeyMaterialId',
      'ReplicaKeyMetadata.CurrentKeyMaterialId',
      'ReplicaTags[]',
      'KeyMetadata.MacAlgorithms[]',
      'ReplicaKeyMetadata.MacAlgorithms[]',
      'KeyMetadata.KeyAgreementAlgorithms[]',
      'ReplicaKeyMetadata.KeyAgreementAlgorithms[]',
      'KeyAgreementAlgorithms[]',
      'KeySpec',
      'KeyState',
      'PendingWindowInDays',
      'PolicyName',
      'Aliases[].CreationDate',
      'Aliases[].LastUpdatedDate',
      'Grants[].CreationDate',
      'Grants[].IssuingAccount',
      'KeyId',
      'RotationPeriodInDays',
      'NextRotationDate',
      'Rotations[].KeyMaterialId',
      'Rotations[].KeyMaterialState',
    ),
  },
]
