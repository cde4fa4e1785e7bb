import { LocalCryptoMaterialsCache } from '../../cache/local.ts'
import { EnvelopeClient, type EnvelopeClientOptions } from '../../client/client.ts'
import type { DecryptOptions, EncryptOptions } from '../../client/options.ts'
import { CachingCmm } from '../../cmm/caching.ts'
import { randomUuid } from '../../crypto/uuid.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { EncryptionContext } from '../../format/encryption-context.ts'
import type { MessageHeader } from '../../format/header.ts'
import type { Keyring } from '../../keyrings/keyring.ts'
import { UsageError } from '../failures.ts'
import { escaped } from '../inspect/escape.ts'
import { type Closers, keyringOf } from './keyring.ts'
import { checkEncryption, checkMessage } from './requirements.ts'
import type { KeyringSettings, MessageSettings, ReportSettings } from './settings.ts'
import { WatchedKeyring } from './used-key.ts'

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
   * @throws EnvelopeError or CommandFailure if the message is not as it was asked for.
   */
  checkHeader(header: MessageHeader, encryptionContext: EncryptionContext): void
  /** Ends the connections of clients. */
  close(): Promise<void>
}

/** What the keys are for: a keyring that can only decrypt is refused to encrypt with, and the other way round. */
export type SessionUse = 'encrypt' | 'decrypt'

/** What a session is made from; without `quiet`, what is odd about keys is said on standard error. */
type SessionSettings = KeyringSettings & MessageSettings & Partial<ReportSettings>

const defaultCapacity = 100
/** How long a branch key is used where no `--cache-max-age` says so: ten minutes, longer than most commands run. */
const defaultTtlSeconds = 600

/**
 * Makes the keyrings. Nothing is asked of KMS yet, but key files are read, also that of the embedded KMS.
 *
 * @throws UsageError if the settings name no key, or one that is not for this use.
 */
export async function openSession(use: SessionUse, settings: SessionSettings): Promise<Session> {
  const closers: Closers = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  const warn = (text: string): void => {
    if (settings.quiet !== true) process.stderr.write(`waxseal: ${escaped(text)}\n`)
  }
  const ttlMs = (settings.cacheMaxAgeSeconds ?? defaultTtlSeconds) * 1000
  try {
    if (use === 'encrypt') checkEncryption(settings)
    checkCaching(settings)
    const keyring = await keyringOf(use, settings, { ttlMs, warn, closers })
    return sessionOf(keyring, settings, close)
  } catch (cause) {
    await close()
    // What a keyring says of its options is what the user said by flags.
    if (cause instanceof InvalidArgumentError) throw new UsageError(cause.message)
    throw cause
  }
}

function sessionOf(
  keyring: Keyring,
  settings: SessionSettings,
  close: () => Promise<void>,
): Session {
  const { context, requireContext, suite, frameLength, signatures } = settings
  const encryptionContext = { ...context }
  const caching = cachingOf(settings)
  return {
    clientFor: (onKey) => {
      const watched = onKey ? new WatchedKeyring(keyring, onKey) : keyring
      return new EnvelopeClient({ ...caching(watched), ...clientOptions(settings) })
    },
    encryptOptions: {
      encryptionContext,
      requiredContextKeys: requireContext.filter((key) => Object.hasOwn(context, key)),
      ...(suite !== undefined && { algorithmSuite: suite }),
      ...(frameLength !== undefined && { frameLength }),
    },
    decryptOptions: { encryptionContext, signatures },
    checkHeader: (header, authenticated) => {
      checkMessage(settings, header, authenticated)
    },
    close,
  }
}

function clientOptions({
  commitmentPolicy,
  maxDataKeys,
}: MessageSettings): Omit<EnvelopeClientOptions, 'keyring' | 'cmm'> {
  return {
    ...(commitmentPolicy !== undefined && { commitmentPolicy }),
    ...(maxDataKeys !== undefined && { maxEncryptedDataKeys: maxDataKeys }),
  }
}

/** The caching CMMs of a session share their data keys: each has the same keyring beneath, watched by another. */
function cachingOf({
  cacheMaxAgeSeconds,
  cacheCapacity = defaultCapacity,
  cacheMaxMessages,
  cacheMaxBytes,
}: MessageSettings): (keyring: Keyring) => EnvelopeClientOptions {
  if (cacheMaxAgeSeconds === undefined) return (keyring) => ({ keyring })
  const cache = new LocalCryptoMaterialsCache({ capacity: cacheCapacity })
  const shared = {
    cache,
    partitionId: randomUuid(),
    maxAgeMs: cacheMaxAgeSeconds * 1000,
    ...(cacheMaxMessages !== undefined && { maxMessages: cacheMaxMessages }),
    ...(cacheMaxBytes !== undefined && { maxBytes: cacheMaxBytes }),
  }
  return (keyring) => ({ cmm: new CachingCmm({ ...shared, keyring }) })
}

function checkCaching(settings: MessageSettings): void {
  const { cacheMaxAgeSeconds, cacheCapacity, cacheMaxMessages, cacheMaxBytes } = settings
  if (cacheMaxAgeSeconds !== undefined) return
  if ((cacheCapacity ?? cacheMaxMessages ?? cacheMaxBytes) === undefined) return
  throw new UsageError('Data keys are used again only with --cache-max-age: give it, too')
}
