import { createCipheriv, randomBytes } from 'node:crypto'

function seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, content: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()])
}

/**
 * A non-framed message of suite 0x0078, which this library reads and does not write, for a static
 * keyring with this data key. `claimedLength` is what it says of its content's length.
 */
export function nonFramedMessage(
  dataKey: Uint8Array,
  plaintext: Uint8Array,
  claimedLength = BigInt(plaintext.length),
): Buffer {
  const messageId = randomBytes(16)
  const contextLength = Buffer.alloc(2)
  const oneEmptyDataKey = Buffer.from('000100000000' + '0000', 'hex')
  const nonFramed = Buffer.from('01' + '00000000' + '0c' + '00000000', 'hex')
  const start = Buffer.from('01800078', 'hex')
  const body = Buffer.concat([start, messageId, contextLength, oneEmptyDataKey, nonFramed])
  const headerNonce = Buffer.alloc(12)
  const tag = seal(dataKey, headerNonce, body, Buffer.alloc(0))

  const nonce = Buffer.alloc(12, 1)
  const one = Buffer.from('00000001', 'hex')
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(claimedLength)
  const label = Buffer.from('AWSKMSEncryptionClient Single Block')
  const content = seal(dataKey, nonce, Buffer.concat([messageId, label, one, length]), plaintext)
  return Buffer.concat([body, headerNonce, tag, nonce, length, content])
}
