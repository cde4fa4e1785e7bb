import { checkInteger, checkOptions } from '../checks.ts'
import type { CryptographicMaterialsManager } from '../cmm/cmm.ts'
import { underlyingCmm } from '../cmm/underlying.ts'
import { type CryptoBackend, checkBackend } from '../crypto/backend.ts'
import { nodeBackend } from '../crypto/node.ts'
import type { MessageHeader } from '../format/header.ts'
import type { Keyring } from '../keyrings/keyring.ts'
import {
  type CommitmentPolicy,
  checkCommitmentPolicy,
  defaultCommitmentPolicy,
} from '../suites/commitment-policy.ts'
import { type DecryptResult, decryptWhole, parseWholeHeader } from './decrypt.ts'
import { DecryptStream, DecryptWork } from './decrypt-stream.ts'
import { type EncryptResult, encryptWhole } from './encrypt.ts'
import { EncryptStream, EncryptWork } from './encrypt-stream.ts'
import { type FileResult, decryptFile, encryptFile } from './files.ts'
import type { MessageStream } from './message-stream.ts'
import { checkOpenOptions, openMessage } from './open-message.ts'
import {
  type ClientConfiguration,
  type DecryptOptions,
  type EncryptOptions,
  type FileOptions,
  checkDecryptOptions,
  checkEncryptOptions,
  checkFileOptions,
  checkFrameLength,
  ciphertextBytes,
  fileOptions,
  plaintextBytes,
} from './options.ts'
import type { OpenMessageOptions, RandomAccessSource, SealedReader } from './sealed-reader.ts'
import { type MessageTransformStream, WebMessageStream } from './web-streams.ts'

/** Options of {@link EnvelopeClient}. */
export interface EnvelopeClientOptions {
  /** Wraps the data keys. Give either this or `cmm`. */
  keyring?: Keyring
  /** Decides on the materials of each message. Give either this or `keyring`. */
  cmm?: CryptographicMaterialsManager
  /** Default: `REQUIRE_ENCRYPT_REQUIRE_DECRYPT`. */
  commitmentPolicy?: CommitmentPolicy
  /**
   * The most encrypted data keys in a message written or read, 1 to 65,535. Default: no limit. Set it
   * where messages come from strangers: each data key can cost a call to KMS,
   * an RSA operation or a key agreement.
   */
  maxEncryptedDataKeys?: number
  /** Bytes of plaintext a frame, 1 to 2^32 - 1. Default: 65,536. */
  frameLength?: number
  /** The implementation of the primitives. Default: node:crypto. */
  backend?: CryptoBackend
}

/** The design's choice over the specification's 4,096: a third of the work per byte in this runtime. */
const defaultFrameLength = 65536

const clientOptions = [
  'keyring',
  'cmm',
  'commitmentPolicy',
  'maxEncryptedDataKeys',
  'frameLength',
  'backend',
]

/**
 * Encrypts and decrypts messages of the AWS Encryption SDK (client-apis/client.md). Make one and keep
 * it: it has no state between calls and serves any number of them at once.
 *
 * @throws InvalidArgumentError if an option is not as described.
 *
 * @example
 * ```ts
 * const client = new EnvelopeClient({ keyring })
 * const { ciphertext } = await client.encrypt('secret', { encryptionContext: { tenant: 'acme' } })
 * const { plaintext } = await client.decrypt(ciphertext, { encryptionContext: { tenant: 'acme' } })
 * ```
 */
export class EnvelopeClient {
  readonly #configuration: ClientConfiguration

  constructor(options: EnvelopeClientOptions) {
    checkOptions(options, clientOptions)
    const { backend = nodeBackend, maxEncryptedDataKeys } = options
    const cmm = underlyingCmm(options, checkBackend(backend), 'client')
    if (maxEncryptedDataKeys !== undefined) {
      checkInteger(maxEncryptedDataKeys, 'maxEncryptedDataKeys', 1, 0xffff)
    }
    this.#configuration = {
      cmm,
      commitmentPolicy: checkCommitmentPolicy(options.commitmentPolicy ?? defaultCommitmentPolicy),
      maxEncryptedDataKeys,
      frameLength: checkFrameLength(options.frameLength ?? defaultFrameLength),
      backend,
    }
  }

  /**
   * Encrypts a plaintext that is all in memory into one message. Text is encrypted as UTF-8.
   *
   * @throws EnvelopeError - `docs/errors.md` lists the codes.
   */
  async encrypt(
    plaintext: Uint8Array | string,
    options: EncryptOptions = {},
  ): Promise<EncryptResult> {
    const request = checkEncryptOptions(options, this.#configuration)
    return await encryptWhole(this.#configuration, plaintextBytes(plaintext), request)
  }

  /**
   * Decrypts one whole message. Nothing is returned before every tag and the signature are verified.
   *
   * @throws EnvelopeError - `docs/errors.md` lists the codes.
   */
  async decrypt(ciphertext: Uint8Array, options: DecryptOptions = {}): Promise<DecryptResult> {
    const request = checkDecryptOptions(options)
    return await decryptWhole(this.#configuration, ciphertextBytes(ciphertext), request)
  }

  /**
   * A stream that takes plaintext and gives one message. Emits `header` with the
   * {@link MessageHeader} and the encryption context, before the first byte. Memory stays at a few
   * frames, whatever the length.
   *
   * @example
   * ```ts
   * await pipeline(source, client.encryptStream({ encryptionContext }), destination)
   * ```
   */
  encryptStream(options: EncryptOptions = {}): MessageStream {
    const request = checkEncryptOptions(options, this.#configuration)
    return new EncryptStream(this.#configuration, request)
  }

  /**
   * A stream that takes one message and gives its plaintext, each frame once its tag is verified.
   * Emits `header`, with the {@link MessageHeader} and the encryption context, once both are
   * authenticated. How much is held depends on the message, which says how long its frames are.
   *
   * Of a signed message the plaintext is not signed before the stream has ended without an error: who
   * cannot wait for that sets `signatures: 'refuse'`.
   */
  decryptStream(options: DecryptOptions = {}): MessageStream {
    return new DecryptStream(this.#configuration, checkDecryptOptions(options))
  }

  /**
   * What {@link encryptStream} is, as a Web Stream: for `fetch`, `Blob`s and wherever `pipeThrough` is. An error, an
   * abort or a cancelled reader ends both sides, with the same reason.
   *
   * @example
   * ```ts
   * const encryption = client.encryptTransform({ encryptionContext })
   * await fetch(url, { method: 'PUT', body: file.stream().pipeThrough(encryption), duplex: 'half' })
   * const { header } = await encryption.opened
   * ```
   */
  encryptTransform(options: EncryptOptions = {}): MessageTransformStream {
    const request = checkEncryptOptions(options, this.#configuration)
    const configuration = this.#configuration
    return new WebMessageStream(
      (output) => new EncryptWork(configuration, request, output),
      request.signal,
    )
  }

  /**
   * What {@link decryptStream} is, as a Web Stream: each frame once its tag is verified. The plaintext of a signed
   * message is not signed before the readable side has ended without an error; so who cannot wait for that sets
   * `signatures: 'refuse'`.
   *
   * @example
   * ```ts
   * const response = await fetch(url)
   * const plaintext = response.body.pipeThrough(client.decryptTransform({ encryptionContext }))
   * ```
   */
  decryptTransform(options: DecryptOptions = {}): MessageTransformStream {
    const request = checkDecryptOptions(options)
    const configuration = this.#configuration
    return new WebMessageStream(
      (output) => new DecryptWork(configuration, request, output),
      request.signal,
    )
  }

  /**
   * Opens a message of which ranges are to be read: a file by its path, bytes in memory, or whatever gives a range of
   * bytes, such as an object of S3. The header and the final frame are verified now, and so the length; each other
   * frame when a read touches it. Only what is touched is fetched. Close it, to close the file and forget the key.
   *
   * Of a signed message the signature cannot be verified of a range: it is refused unless you do without.
   *
   * @throws EnvelopeError - `ERR_FILE`, `ERR_SOURCE` and `ERR_NON_FRAMED_MESSAGE` besides those of `decrypt`.
   *
   * @example
   * ```ts
   * const reader = await client.openMessage('video.encrypted')
   * const firstMegabyte = await reader.read(0, Math.min(reader.size, 1 << 20))
   * await reader.close()
   * ```
   */
  async openMessage(
    source: string | Uint8Array | RandomAccessSource,
    options: OpenMessageOptions = {},
  ): Promise<SealedReader> {
    return openMessage(this.#configuration, source, checkOpenOptions(options))
  }

  /**
   * Encrypts a file into another, which appears whole or not at all. The new file gets the usual
   * permissions; one that is replaced keeps its own.
   *
   * @throws EnvelopeError - `ERR_FILE` and `ERR_FILE_EXISTS` besides those of `encrypt`.
   */
  async encryptFile(
    source: string,
    destination: string,
    options: EncryptOptions & FileOptions = {},
  ): Promise<FileResult> {
    const request = checkEncryptOptions(options, this.#configuration, fileOptions)
    checkFileOptions(options)
    return encryptFile(this.#configuration, source, destination, request, options)
  }

  /**
   * Decrypts a file into another, which appears whole and verified or not at all. The new file can be
   * read by its owner only; one that is replaced keeps its permissions.
   *
   * @throws EnvelopeError - `ERR_FILE` and `ERR_FILE_EXISTS` besides those of `decrypt`.
   */
  async decryptFile(
    source: string,
    destination: string,
    options: DecryptOptions & FileOptions = {},
  ): Promise<FileResult> {
    const request = checkDecryptOptions(options, fileOptions)
    checkFileOptions(options)
    return decryptFile(this.#configuration, source, destination, request, options)
  }
}

/**
 * Reads the header of a message. It only parses: nothing of what it returns is authenticated, so show
 * it, but decide nothing by it.
 *
 * @throws MalformedMessageError if the bytes are no message, or end within the header.
 */
export function inspectMessage(ciphertext: Uint8Array): MessageHeader {
  return parseWholeHeader(ciphertextBytes(ciphertext))
}
