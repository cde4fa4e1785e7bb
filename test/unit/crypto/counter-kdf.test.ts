import { describe, expect, it } from 'vitest'
import { deriveByCounter } from '../../../src/crypto/counter-kdf.ts'
import { nodeBackend } from '../../../src/index.ts'
import { nobleBackend } from '../../../src/noble.ts'

// By KBKDFHMAC of the Python package cryptography 50.0.2: counter mode, rlen=4, llen=4, the counter
// before the fixed data.
const vectors = [
  ['sha384', 1, 'ec'],
  [
    'sha384',
    48,
    '036d3cd0bbb738b687eeb343ae1e592127a4990cd8d80b9ac2faf2ed993e3951917d430d92560150858e56d19eb065ca',
  ],
  [
    'sha384',
    64,
    '656e7e938aeeaaf10030dc6b0a2450dd03b8f2fd39da2ea6f1056b9b07b661dd2d3fe6b81cb3ab770ca0da723812e545ca58ac652843e319fb15f9e2033573b0',
  ],
  [
    'sha384',
    100,
    '53345c5e46d22415e82035f7aed4de10e326b4fabc5222060670b74fd246506b954bb0d3d729905bec09d04f60fd5dd3231ea076deeea08be42f48d5ca17f60b2d33a5fa2a426832b455f884ddd8bf3aeacf4a21c2f66ef8d432a7c68c4f25a1038f017a',
  ],
  [
    'sha256',
    64,
    'a148c5c341e4efb0b0b862256796fad96a14bfd5bcf9fd4b7dd7c3e66f40366e8feb0c03b131ab7d5cefc12e755f84114ae18adba7f346cbcd5ab87b8b01744e',
  ],
] as const

const key = Buffer.alloc(48, 7)
const label = Buffer.from('a label')
const context = Buffer.from(Array.from({ length: 32 }, (_, i) => i))

describe('the key derivation in counter mode', () => {
  for (const backend of [nodeBackend, nobleBackend]) {
    it.each(vectors)(`${backend.name}: %s, %i bytes`, (hash, length, expected) => {
      const derived = deriveByCounter(backend, hash, key, label, context, length)
      expect(Buffer.from(derived).toString('hex')).toBe(expected)
    })
  }

  it('overwrites the blocks that the key is put together from', () => {
    const blocks: Uint8Array[] = []
    const backend: typeof nodeBackend = {
      ...nodeBackend,
      hmac(hash, hmacKey, message) {
        const block = nodeBackend.hmac(hash, hmacKey, message)
        blocks.push(block)
        return block
      },
    }
    deriveByCounter(backend, 'sha384', key, label, context, 64)
    expect(blocks.map((block) => Buffer.from(block))).toEqual([Buffer.alloc(48), Buffer.alloc(48)])
  })
})
