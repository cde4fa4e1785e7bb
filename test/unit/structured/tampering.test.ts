import { describe, expect, it } from 'vitest'
import { EnvelopeError, nodeBackend } from '../../../src/index.ts'
import { nobleBackend } from '../../../src/noble.ts'
import type { DecryptionMaterials } from '../../../src/materials/decryption-materials.ts'
import { parseHeader } from '../../../src/structured/header.ts'
import type { StoredField } from '../../../src/structured/structure.ts'
import { failure } from '../../support/materials.ts'
import {
  type Stored,
  aesKeyring,
  decryptionMaterialsFor,
  encrypt,
  field,
  flipped,
  materialsFor,
  open,
  severalKeys,
  signed,
  store,
  unsigned,
} from './harness.ts'

const keyring = aesKeyring()
const fields = [
  field('id', 'SIGN_ONLY', '7'),
  field('card', 'ENCRYPT_AND_SIGN', '4111'),
  field('name', 'ENCRYPT_AND_SIGN', 'Ada'),
  field('city', 'SIGN_ONLY', 'Ada'),
]
// The materials stand for a keyring that was not asked again: what is changed must be seen here, and not only
// because a data key no longer opens.
const items = await Promise.all(
  [unsigned, signed].map(async (suite) => {
    const stored = await encrypt(keyring, fields, { suite })
    const materials = await decryptionMaterialsFor(keyring, parseHeader(stored.header))
    return { name: suite.name, suite, stored, materials }
  }),
)

function codeOf(materials: DecryptionMaterials, changed: Stored): string | undefined {
  try {
    open(materials, changed)
    return undefined
  } catch (error) {
    if (!EnvelopeError.is(error)) throw error
    return error.code
  }
}

function with1(stored: Stored, name: string, change: (given: StoredField) => StoredField): Stored {
  const changed = stored.fields.map((each) => (each.name === name ? change(each) : each))
  return { ...stored, fields: changed }
}

describe.each(items)('$name', ({ suite, stored, materials }) => {
  it('opens as it is', () => {
    expect(codeOf(materials, stored)).toBeUndefined()
  })

  it('refuses every bit of the header', () => {
    const refused = new Set([
      'ERR_MALFORMED_ITEM',
      'ERR_COMMITMENT',
      'ERR_AUTHENTICATION',
      'ERR_UNKNOWN_ALGORITHM_SUITE',
    ])
    for (let bit = 0; bit < 8 * stored.header.length; bit++) {
      const code = codeOf(materials, { ...stored, header: flipped(stored.header, bit) })
      expect(refused, `bit ${bit}: ${code}`).toContain(code)
    }
  })

  it('refuses every bit of the footer', () => {
    for (let bit = 0; bit < 8 * stored.footer.length; bit++) {
      const code = codeOf(materials, { ...stored, footer: flipped(stored.footer, bit) })
      expect(code, `bit ${bit}`).toBe(bit < 8 * 48 ? 'ERR_AUTHENTICATION' : 'ERR_SIGNATURE')
    }
  })

  it('refuses every bit of every field', () => {
    for (const { name, value } of stored.fields) {
      for (let bit = 0; bit < 8 * value.length; bit++) {
        const changed = with1(stored, name, (each) => ({ ...each, value: flipped(value, bit) }))
        expect(codeOf(materials, changed), `${name}, bit ${bit}`).toBe('ERR_AUTHENTICATION')
      }
    }
  })

  const swap = (a: string, b: string): Stored => {
    const of = (name: string) => stored.fields.find((each) => each.name === name)
    return {
      ...stored,
      fields: stored.fields.map((each) => {
        const other = each.name === a ? of(b) : each.name === b ? of(a) : each
        return { ...(other ?? each), name: each.name }
      }),
    }
  }
  const longer = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(1)])

  it.each<[string, Stored, string]>([
    ['encrypted fields that changed places', swap('card', 'name'), 'ERR_AUTHENTICATION'],
    ['an encrypted one and a signed one', swap('name', 'city'), 'ERR_MALFORMED_ITEM'],
    ['signed fields that changed places', swap('id', 'city'), 'ERR_AUTHENTICATION'],
    [
      'another name of the same length',
      with1(stored, 'card', (each) => ({ ...each, name: 'cart' })),
      'ERR_AUTHENTICATION',
    ],
    ['a field that is gone', { ...stored, fields: stored.fields.slice(1) }, 'ERR_AUTHENTICATION'],
    [
      'a field that came to it',
      { ...stored, fields: [...stored.fields, { ...field('new', 'SIGN_ONLY') }] },
      'ERR_AUTHENTICATION',
    ],
    [
      'a signed field of another type',
      with1(stored, 'id', (each) => ({ ...each, typeId: 0x0002 })),
      'ERR_AUTHENTICATION',
    ],
    [
      'an encrypted field as text, of the same bytes',
      with1(stored, 'card', (each) => ({ ...each, typeId: 0x0001 })),
      'ERR_MALFORMED_ITEM',
    ],
    [
      'an encrypted field that is too short',
      with1(stored, 'card', (each) => ({ ...each, value: each.value.subarray(0, 17) })),
      'ERR_MALFORMED_ITEM',
    ],
    [
      'an encrypted field that is longer',
      with1(stored, 'card', (each) => ({ ...each, value: longer(each.value) })),
      'ERR_AUTHENTICATION',
    ],
    ['a longer header', { ...stored, header: longer(stored.header) }, 'ERR_MALFORMED_ITEM'],
    ['a longer footer', { ...stored, footer: longer(stored.footer) }, 'ERR_MALFORMED_ITEM'],
    ['no footer', { ...stored, footer: new Uint8Array(0) }, 'ERR_MALFORMED_ITEM'],
    [
      'a footer without its signature, or with one',
      {
        ...stored,
        footer: Buffer.concat([stored.footer, Buffer.alloc(103)]).subarray(
          0,
          suite.signature ? 48 : 151,
        ),
      },
      'ERR_MALFORMED_ITEM',
    ],
    [
      'one tag more than data keys',
      { ...stored, footer: Buffer.concat([stored.footer.subarray(0, 48), stored.footer]) },
      'ERR_MALFORMED_ITEM',
    ],
  ])('refuses %s', (_, changed, code) => {
    expect(codeOf(materials, changed)).toBe(code)
  })

  it('refuses the parts of another item under the same data key', async () => {
    const both = await materialsFor(keyring, { suite })
    const [one, other] = [store(both, fields), store(both, fields)]
    const opened = await decryptionMaterialsFor(keyring, parseHeader(one.header))
    expect(codeOf(opened, one)).toBeUndefined()
    expect(codeOf(opened, { ...one, footer: other.footer })).toBe('ERR_AUTHENTICATION')
    expect(codeOf(opened, { ...one, fields: other.fields })).toBe('ERR_AUTHENTICATION')
    expect(codeOf(opened, { ...one, header: other.header })).toBe('ERR_AUTHENTICATION')
  })

  it('refuses the header of another data key at its commitment', async () => {
    const other = await encrypt(keyring, fields, { suite })
    expect(codeOf(materials, other)).toBe('ERR_COMMITMENT')
  })
})

it('opens if any of the tags matches, wherever it stands', async () => {
  const { keyring: all, each } = severalKeys(3)
  const stored = await encrypt(all, fields)
  const tags = [0, 1, 2].map((index) => stored.footer.subarray(48 * index, 48 * index + 48))
  const [first = new Uint8Array(), second = new Uint8Array(), third = new Uint8Array()] = tags
  const header = parseHeader(stored.header)
  const materials = await Promise.all(each.map((one) => decryptionMaterialsFor(one, header)))
  const zeros = new Uint8Array(48)
  // Each recipient with its own tag in another place, and with those of the others alone.
  for (const [index, own] of [first, second, third].entries()) {
    const mine = materials[index]
    if (!mine) throw new Error('No materials')
    for (const order of [
      [own, zeros, zeros],
      [zeros, own, zeros],
      [zeros, zeros, own],
    ]) {
      expect(codeOf(mine, { ...stored, footer: Buffer.concat(order) })).toBeUndefined()
    }
    const others = Buffer.concat(tags.map((tag) => (tag === own ? zeros : tag)))
    expect(codeOf(mine, { ...stored, footer: others })).toBe('ERR_AUTHENTICATION')
  }
})

it.each([nodeBackend, nobleBackend])(
  'compares in constant time, and decrypts nothing before all is verified: $name',
  async (backend) => {
    const stored = await encrypt(keyring, fields, { suite: signed })
    const materials = await decryptionMaterialsFor(keyring, parseHeader(stored.header))
    const calls: string[] = []
    const watched = {
      ...backend,
      equalInConstantTime(a: Uint8Array, b: Uint8Array) {
        calls.push(`compare ${a.length}`)
        return backend.equalInConstantTime(a, b)
      },
      createVerifier(...args: Parameters<typeof backend.createVerifier>) {
        calls.push('verify the signature')
        return backend.createVerifier(...args)
      },
      keystream(...args: Parameters<typeof backend.keystream>) {
        calls.push('make field keys')
        return backend.keystream(...args)
      },
      decryptGcm(...args: Parameters<typeof backend.decryptGcm>) {
        calls.push('decrypt')
        return backend.decryptGcm(...args)
      },
    }
    const order = ['compare 32', 'compare 48', 'verify the signature', 'make field keys']
    open(materials, stored, { backend: watched })
    expect(calls).toEqual([...order, 'decrypt', 'decrypt'])
    const wrong: [Stored, number][] = [
      [{ ...stored, header: flipped(stored.header, 8 * stored.header.length - 1) }, 1],
      [{ ...stored, footer: flipped(stored.footer, 0) }, 2],
      [{ ...stored, footer: flipped(stored.footer, 8 * 100) }, 3],
    ]
    for (const [changed, steps] of wrong) {
      calls.length = 0
      expect((await failure(() => open(materials, changed, { backend: watched }))).code).toMatch(
        /COMMITMENT|AUTHENTICATION|SIGNATURE/,
      )
      expect(calls).toEqual(order.slice(0, steps))
    }
  },
)

it('refuses a field that a holder of the data key encrypted wrongly, and wipes the others', async () => {
  const materials = await materialsFor(keyring)
  const first: Uint8Array[] = []
  const spoiling = {
    ...nodeBackend,
    encryptGcm(...args: Parameters<typeof nodeBackend.encryptGcm>) {
      const encryption = nodeBackend.encryptGcm(...args)
      const last = Buffer.from(args[2]).toString().endsWith('name')
      return {
        update: (plaintext: Uint8Array) => encryption.update(plaintext),
        finish: () => (last ? flipped(encryption.finish(), 0) : encryption.finish()),
      }
    },
  }
  const stored = store(materials, fields, { backend: spoiling })
  const watched = {
    ...nodeBackend,
    decryptGcm(...args: Parameters<typeof nodeBackend.decryptGcm>) {
      const decryption = nodeBackend.decryptGcm(...args)
      return {
        update(ciphertext: Uint8Array) {
          const plaintext = decryption.update(ciphertext)
          first.push(plaintext)
          return plaintext
        },
        finish: (tag: Uint8Array) => decryption.finish(tag),
      }
    },
  }
  const opening = await decryptionMaterialsFor(keyring, parseHeader(stored.header))
  const error = await failure(() => open(opening, stored, { backend: watched }))
  expect(error).toMatchObject({
    code: 'ERR_AUTHENTICATION',
    message: expect.stringMatching('"name"'),
  })
  expect(first).toHaveLength(2)
  for (const bytes of first) expect(bytes.every((byte) => byte === 0)).toBe(true)
})
