import type { EnvelopeClient } from '../../client/client.ts'
import type { DecryptOptions, EncryptOptions } from '../../client/options.ts'
import type { EncryptionContext } from '../../format/encryption-context.ts'
import type { MessageHeader } from '../../format/header.ts'
import type { KeyringSettings, MessageSettings } from './settings.ts'

/** A key as messages name it. */
export interface UsedKey {
  /** The key provider id, such as `aws-kms`. */
  readonly provider: string
  /** A KMS key's ARN, a raw key's name, a branch key's id. */
  readonly key: string
}

/** What a command works with, once its settings have become keyrings. */
export interface Session {
  /**
   * A client for one message. `onKey` is told of the key that has opened or generated its data key; a data key that
   * comes out of a cache has none.
   */
  clientFor(onKey?: (key: UsedKey) => void): EnvelopeClient
  readonly encryptOptions: EncryptOptions
  readonly decryptOptions: DecryptOptions
  /**
   * What `requireContext` and `maxLength` ask of a message beyond `decryptOptions`; to be called with its header, once
   * that is verified and before any plaintext is written.
   *
   * @throws EnvelopeError if the message is not as it was asked for.
   */
  checkHeader(header: MessageHeader, encryptionContext: EncryptionContext): void
  /** Ends the embedded KMS and the connections of clients. */
  close(): Promise<void>
}

/** What the keys are for: a keyring that can only decrypt is refused to encrypt with, and the other way round. */
export type SessionUse = 'encrypt' | 'decrypt'

/**
 * Makes the keyrings. Nothing is asked of KMS yet, but the embedded one is started, and key files are read.
 *
 * @throws UsageError if the settings name no key, or one that is not for this use.
 */
export async function openSession(
  _use: SessionUse,
  _settings: KeyringSettings & MessageSettings,
): Promise<Session> {
  throw new Error('not built yet')
}
