/** The errors that LocalKms answers with: KMS's own names. */
export const kmsErrorNames = [
  'AccessDeniedException',
  'AlreadyExistsException',
  'DependencyTimeoutException',
  'DisabledException',
  'DryRunOperationException',
  'ExpiredImportTokenException',
  'IncorrectKeyException',
  'IncorrectKeyMaterialException',
  'InvalidAliasNameException',
  'InvalidArnException',
  'InvalidCiphertextException',
  'InvalidGrantIdException',
  'InvalidGrantTokenException',
  'InvalidImportTokenException',
  'InvalidKeyUsageException',
  'InvalidMarkerException',
  'InvalidSignatureException',
  'KMSInternalException',
  'KMSInvalidMacException',
  'KMSInvalidStateException',
  'KeyUnavailableException',
  'LimitExceededException',
  'MalformedPolicyDocumentException',
  'NotAuthorizedException',
  'NotFoundException',
  'RequestEntityTooLargeException',
  'SerializationException',
  'TagException',
  'ThrottlingException',
  'UnknownOperationException',
  'UnsupportedOperationException',
  'ValidationException',
] as const

/** The name of an error that LocalKms answers with. */
export type KmsErrorName = (typeof kmsErrorNames)[number]

const statuses: Partial<Record<KmsErrorName, number>> = {
  DependencyTimeoutException: 503,
  DryRunOperationException: 412,
  KMSInternalException: 500,
  KeyUnavailableException: 500,
  RequestEntityTooLargeException: 413,
}

/** A failure that the caller of KMS sees. KMS sends some of them without a message, and so do we. */
export class KmsError extends Error {
  override readonly name: KmsErrorName
  readonly status: number

  constructor(name: KmsErrorName, message = '') {
    super(message)
    this.name = name
    this.status = statuses[name] ?? 400
  }
}
