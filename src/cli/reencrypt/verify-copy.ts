import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isDeepStrictEqual } from 'node:util'
import { startSha256 } from '../../crypto/digest.ts'
import { equalBytes } from '../../format/bytes.ts'
import type { EncryptionContext } from '../../format/encryption-context.ts'
import { CommandFailure } from '../failures.ts'
import type { Session } from '../options/session.ts'
import { ownPairs } from './message-options.ts'

/**
 * Decrypts a new file with the new keys, from its first byte to its last, as it is on the disk.
 *
 * @throws CommandFailure if it has another plaintext or another context than the old message; whatever the decryption
 * throws.
 */
export async function verifyCopy(
  path: string,
  check: Session,
  expected: { readonly digest: Uint8Array; readonly encryptionContext: EncryptionContext },
  signal: AbortSignal,
): Promise<void> {
  const decryption = check.clientFor().decryptStream({ ...check.decryptOptions, signal })
  let pairs: Record<string, string> | undefined
  decryption.once('header', (_header, encryptionContext) => {
    pairs = ownPairs(encryptionContext)
  })
  const hash = startSha256()
  const hashing = new Writable({
    write(chunk: Uint8Array, _encoding, callback) {
      hash.update(chunk)
      callback()
    },
  })
  await pipeline(createReadStream(path), decryption, hashing)
  if (
    equalBytes(hash.digest(), expected.digest) &&
    isDeepStrictEqual(pairs, ownPairs(expected.encryptionContext))
  ) {
    return
  }
  throw new CommandFailure(
    'ERR_OUTPUT',
    'the new file does not say the same as the old one, which is left as it was: the disk or the memory of this ' +
      'computer may be at fault',
  )
}

/** What keeps a file's header from being opened by these keys, or as it was asked for; `undefined` if nothing does. */
export async function failureToOpen(
  path: string,
  check: Session,
  signal: AbortSignal,
): Promise<unknown> {
  const decryption = check.clientFor().decryptStream({ ...check.decryptOptions, signal })
  const file = createReadStream(path)
  let refusal: unknown
  decryption.once('header', (header, encryptionContext) => {
    try {
      check.checkHeader(header, encryptionContext)
    } catch (error) {
      refusal = error
    }
  })
  // Of what comes after the header nobody asks: it was verified before the file got its name.
  decryption.on('error', () => undefined)
  try {
    file.on('error', (error) => decryption.destroy(error)).pipe(decryption)
    await once(decryption, 'header')
    return refusal
  } catch (error) {
    return error
  } finally {
    file.destroy()
    decryption.destroy()
  }
}
