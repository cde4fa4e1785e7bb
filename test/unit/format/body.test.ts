import { describe, expect, it } from 'vitest'
import { BodyAad, framedBodyLength, maxPlaintextLength } from '../../../src/format/body.ts'

describe('the lengths of a framed body', () => {
  it('agree with each other', () => {
    for (let frameLength = 1; frameLength <= 40; frameLength++) {
      for (let length = 0; length <= 4 * frameLength; length++) {
        const bodyLength = framedBodyLength(length, frameLength)
        expect(maxPlaintextLength(bodyLength, frameLength)).toBe(length)
      }
    }
  })

  it('leave room for what a stream writes, whose last frame may be empty', () => {
    const [frameLength, frames] = [8, 3]
    const bodyLength = frames * (frameLength + 32) + 40
    expect(maxPlaintextLength(bodyLength, frameLength)).toBe(frames * frameLength)
  })

  it('are never more than the bytes that there are', () => {
    for (const frameLength of [0, 1, 8, 0xffffffff]) {
      for (let bodyLength = 0; bodyLength < 300; bodyLength++) {
        const most = maxPlaintextLength(bodyLength, frameLength)
        expect(most).toBeGreaterThanOrEqual(0)
        expect(most).toBeLessThanOrEqual(bodyLength)
      }
    }
  })
})

// data-format/message-body-aad.md: message id, content string, sequence number, content length
it.each([
  ['regular', 'AWSKMSEncryptionClient Frame'],
  ['final', 'AWSKMSEncryptionClient Final Frame'],
  ['nonFramed', 'AWSKMSEncryptionClient Single Block'],
] as const)('the additional data of %s content is what the format prescribes', (kind, text) => {
  const messageId = Buffer.alloc(16, 0xcd)
  const aad = Buffer.from(new BodyAad(messageId, kind).for(0x01020304, 2 ** 36 - 32))
  const numbers = Buffer.from('01020304' + '0000000fffffffe0', 'hex')
  expect(aad).toEqual(Buffer.concat([messageId, Buffer.from(text), numbers]))
})
