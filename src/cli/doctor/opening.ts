import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ParsedHeader } from '../../format/header.ts'
import { NotBase64 } from '../batch/base64.ts'
import { CommandFailure } from '../failures.ts'
import type { Session, UsedKey } from '../options/session.ts'

/** How far decryption came. No plaintext is kept. */
export interface Opening {
  readonly used: UsedKey | undefined
  /** The data key opened, and commitment and header are what they were. */
  readonly headerIsVerified: boolean
  /** What `checkHeader` of the session said. */
  readonly headerError: unknown
  readonly plaintextLength: number
  readonly error: unknown
}

/** Decrypts a message to its end, and throws the plaintext away. */
export async function tryToOpen(
  session: Session,
  header: ParsedHeader,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Opening> {
  let used: UsedKey | undefined
  let headerIsVerified = false
  let headerError: unknown
  let plaintextLength = 0
  let error: unknown
  const client = session.clientFor((key) => {
    used = key
  })
  const decryption = client.decryptStream(session.decryptOptions)
  decryption.on('header', (_fields, encryptionContext) => {
    headerIsVerified = true
    try {
      session.checkHeader(header.fields, encryptionContext)
    } catch (cause) {
      headerError = cause
    }
  })
  const nowhere = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      plaintextLength += chunk.length
      chunk.fill(0)
      done()
    },
  })
  try {
    await pipeline(Readable.from(chunks, { objectMode: false }), decryption, nowhere)
  } catch (cause) {
    error = cause
  }
  return { used, headerIsVerified, headerError, plaintextLength, error }
}

/** Whether an error is one of reading the source, and says nothing of the message. */
export function isOfSource(error: unknown): boolean {
  return error instanceof CommandFailure && !(error instanceof NotBase64)
}
