/** The errors that LocalKms answers with: KMS's own names. */
export type KmsErrorName =
  | 'AccessDeniedException'
  | 'AlreadyExistsException'
  | 'DryRunOperationException'
  | 'IncorrectKeyException'
  | 'InvalidArnException'
  | 'InvalidCiphertextException'
  | 'InvalidKeyUsageException'
  | 'InvalidMarkerException'
  | 'KMSInternalException'
  | 'NotAuthorizedException'
  | 'NotFoundException'
  | 'RequestEntityTooLargeException'
  | 'SerializationException'
  | 'UnknownOperationException'
  | 'UnsupportedOperationException'
  | 'ValidationException'

const statuses: Partial<Record<KmsErrorName, number>> = {
  DryRunOperationException: 412,
  KMSInternalException: 500,
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
