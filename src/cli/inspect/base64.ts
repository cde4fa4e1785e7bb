import { CommandFailure } from '../failures.ts'

/** Decodes base64 with white space anywhere, of whichever alphabet, as it comes. */
export async function* decodeBase64(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = ''
  let ended = false
  for await (const chunk of chunks) {
    const text = left + Buffer.from(chunk).toString('latin1').replace(/\s+/g, '')
    const [all, body = '', padding = ''] = /^([\w+/-]*)(=*)/.exec(text) ?? ['']
    if (all.length < text.length || (ended && body !== '')) {
      throw new CommandFailure('ERR_INPUT', 'It begins as base64, and goes on with something else')
    }
    ended ||= padding !== ''
    // Four characters are three bytes: what is short of that waits for the next chunk.
    const whole = ended ? body.length : body.length - (body.length % 4)
    left = body.slice(whole)
    if (whole > 0) yield Buffer.from(body.slice(0, whole), 'base64')
  }
  if (left !== '') yield Buffer.from(left, 'base64')
}
