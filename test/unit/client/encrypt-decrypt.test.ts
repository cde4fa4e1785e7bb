import { describe, expect, it } from 'vitest'
import { algorithmSuites, inspectMessage } from '../../../src/index.ts'
import { errorOf, keyring, newClient, unsigned } from './harness.ts'

const client = newClient()

/** Frozen all the way down; a write to any of it throws in strict mode. */
function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value) as unknown[]) {
    if (typeof inner === 'object' && inner !== null && !ArrayBuffer.isView(inner)) deepFreeze(inner)
  }
  return Object.freeze(value)
}

describe('encrypt', () => {
  it('signs and commits unless told otherwise, in frames of 64 KiB', async () => {
    const { header } = await client.encrypt('text')
    expect(header).toMatchObject({
      version: 2,
      algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
      contentType: 'framed',
      frameLength: 65536,
    })
  })

  it("takes the message's frame length before the client's", async () => {
    const framed = newClient({ frameLength: 100 })
    expect((await framed.encrypt('text')).header.frameLength).toBe(100)
    expect((await framed.encrypt('text', { frameLength: 7 })).header.frameLength).toBe(7)
  })

  it.each([1, 0xffffffff])('takes a frame length of %d', async (frameLength) => {
    const { ciphertext } = await client.encrypt('text', { frameLength })
    expect(Buffer.from((await client.decrypt(ciphertext)).plaintext).toString()).toBe('text')
  })

  it('writes text as UTF-8', async () => {
    const { ciphertext } = await client.encrypt('é\u{1f600}')
    const { plaintext } = await client.decrypt(ciphertext)
    expect(Buffer.from(plaintext)).toEqual(Buffer.from('é\u{1f600}', 'utf8'))
  })

  it('returns the header that stands in the message', async () => {
    const { ciphertext, header } = await client.encrypt('text', { encryptionContext: { a: 'b' } })
    const parsed = inspectMessage(ciphertext)
    expect(Buffer.from(header.messageId)).toEqual(Buffer.from(parsed.messageId))
    expect({ ...header, messageId: null, encryptedDataKeys: null }).toEqual({
      ...parsed,
      messageId: null,
      encryptedDataKeys: null,
    })
    expect((await client.decrypt(ciphertext)).header).toEqual(parsed)
  })

  it('makes another message each time', async () => {
    const [one, two] = await Promise.all([client.encrypt('text'), client.encrypt('text')])
    expect(Buffer.from(one.header.messageId)).not.toEqual(Buffer.from(two.header.messageId))
    expect(Buffer.from(one.ciphertext)).not.toEqual(Buffer.from(two.ciphertext))
  })

  it('leaves frozen options and the plaintext as they were', async () => {
    const plaintext = Buffer.from('some plaintext')
    const options = deepFreeze({
      encryptionContext: { tenant: 'acme' },
      algorithmSuite: unsigned.algorithmSuite,
      frameLength: 4,
      plaintextLength: 14,
    })
    const configuration = deepFreeze({ frameLength: 5, maxEncryptedDataKeys: 2 })
    const { ciphertext } = await newClient({ keyring, ...configuration }).encrypt(
      plaintext,
      options,
    )
    const before = Buffer.from(ciphertext)
    await client.decrypt(ciphertext, deepFreeze({ encryptionContext: { tenant: 'acme' } }))
    expect(plaintext.toString()).toBe('some plaintext')
    expect(Buffer.from(ciphertext)).toEqual(before)
    expect(Object.keys(options)).toHaveLength(4)
  })

  it('takes the options as they were when it was called', async () => {
    const encryptionContext = { tenant: 'acme' }
    const encrypting = client.encrypt('text', { encryptionContext })
    encryptionContext.tenant = 'other'
    expect((await encrypting).header.encryptionContext).toMatchObject({ tenant: 'acme' })
  })
})

describe.each([
  ['signed', {}],
  ['unsigned', unsigned],
] as const)('the expected encryption context of a message that is %s', (_, suite) => {
  const seal = async () => {
    const encryptionContext = { tenant: 'acme', purpose: 'invoice' }
    return (await client.encrypt('text', { encryptionContext, ...suite })).ciphertext
  }

  it.each([{}, { tenant: 'acme' }, { purpose: 'invoice', tenant: 'acme' }])(
    'opens with the pairs %j',
    async (encryptionContext) => {
      const opened = await client.decrypt(await seal(), { encryptionContext })
      expect(opened.encryptionContext).toMatchObject({ tenant: 'acme', purpose: 'invoice' })
    },
  )

  it.each([{ tenant: 'other' }, { tenant: 'acme', purpose: '' }, { tenant: 'Acme' }])(
    'does not open with another value: %j',
    async (encryptionContext) => {
      const ciphertext = await seal()
      const error = await errorOf(() => client.decrypt(ciphertext, { encryptionContext }))
      expect(error).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH' })
    },
  )

  it.each(['missing', 'constructor', '__proto__'])(
    'does not open with the key %j, which it does not have',
    async (key) => {
      const ciphertext = await seal()
      const encryptionContext = Object.fromEntries([[key, 'acme']])
      const error = await errorOf(() => client.decrypt(ciphertext, { encryptionContext }))
      expect(error).toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
      expect(error.message).toContain(JSON.stringify(key))
    },
  )

  it('does not open with a reserved key that it does not have', async () => {
    const ciphertext = await seal()
    const encryptionContext = { 'aws-crypto-other': 'x' }
    const error = await errorOf(() => client.decrypt(ciphertext, { encryptionContext }))
    expect(error).toMatchObject({ code: 'ERR_ENCRYPTION_CONTEXT_MISMATCH' })
  })
})

describe("signatures: 'refuse'", () => {
  const options = { signatures: 'refuse' } as const

  it('refuses a signed message, before its keyring is asked', async () => {
    const { ciphertext } = await client.encrypt('text')
    let asked = 0
    const watching = newClient({
      keyring: {
        onEncrypt: keyring.onEncrypt.bind(keyring),
        onDecrypt: (...args) => (asked++, keyring.onDecrypt(...args)),
      },
    })
    const error = await errorOf(() => watching.decrypt(ciphertext, options))
    expect(error).toMatchObject({ code: 'ERR_SIGNED_MESSAGE_REFUSED' })
    expect(asked).toBe(0)
  })

  it('reads an unsigned one', async () => {
    const { ciphertext } = await client.encrypt('text', unsigned)
    const { plaintext } = await client.decrypt(ciphertext, options)
    expect(Buffer.from(plaintext).toString()).toBe('text')
  })
})

it('inspectMessage reads the header of any suite without a key', async () => {
  const old = newClient({ commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT' })
  for (const { name, commitment, messageVersion } of Object.values(algorithmSuites)) {
    const { ciphertext } = await (commitment ? client : old).encrypt('text', {
      algorithmSuite: name,
    })
    expect(inspectMessage(ciphertext)).toMatchObject({
      version: messageVersion,
      algorithmSuite: name,
    })
  }
})
