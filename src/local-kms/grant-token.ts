import { createHash, randomBytes } from 'node:crypto'

/*
 * What CreateGrant answers besides the id. Callers take it as opaque:
 *
 *   grant id 32 | nonce 16 | check 8
 *
 * Each answer has a nonce of its own, for no two tokens are alike in KMS, not even of one grant. The
 * check is a plain hash: it tells a damaged token. It protects nothing, since LocalKms knows no callers.
 */
const ID_LENGTH = 32
const NONCE_LENGTH = 16
const CHECK_LENGTH = 8

export function newGrantId(): string {
  return randomBytes(ID_LENGTH).toString('hex')
}

export function newGrantToken(grantId: string): string {
  const body = Buffer.concat([Buffer.from(grantId, 'hex'), randomBytes(NONCE_LENGTH)])
  return Buffer.concat([body, checkOf(body)]).toString('base64')
}

/** The id of the token's grant; undefined where it is no token of ours. */
export function grantIdIn(token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64')
  const body = bytes.subarray(0, ID_LENGTH + NONCE_LENGTH)
  if (!bytes.subarray(body.length).equals(checkOf(body))) return undefined
  return body.toString('hex', 0, ID_LENGTH)
}

function checkOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECK_LENGTH)
}
