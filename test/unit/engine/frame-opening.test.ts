import { expect, it } from 'vitest'
import { FrameOpening } from '../../../src/engine/frame-opening.ts'
import { readHeader } from '../../../src/format/header.ts'
import { ByteReader } from '../../../src/format/reader.ts'
import { DecryptionMaterials, nodeBackend } from '../../../src/index.ts'
import { clientOf, unsigned } from '../../support/slices.ts'

it('opens no frame with a key that has been overwritten', async () => {
  const { ciphertext } = await clientOf().encrypt('text', unsigned)
  const reader = new ByteReader()
  reader.feed(ciphertext)
  const { value: header } = readHeader(reader, undefined).next()
  if (!header) throw new Error('the header is not whole')
  const { suite, fields } = header
  const materials = new DecryptionMaterials({
    suite,
    encryptionContext: fields.encryptionContext,
  }).withDataKey(Buffer.alloc(32, 9))
  const opening = new FrameOpening(header, materials, nodeBackend)
  const output = { hold: () => {}, release: () => {} }
  const run = { first: 1, last: 1, final: { sequence: 1, length: 4 } }
  opening.destroy()
  expect(() => opening.readFrames(reader, output, run).next()).toThrow('overwritten')
})
