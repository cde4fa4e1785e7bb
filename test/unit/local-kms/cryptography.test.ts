import {
  DecryptCommand,
  DryRunOperationException,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  IncorrectKeyException,
  InvalidCiphertextException,
  InvalidKeyUsageException,
  NotFoundException,
  ReEncryptCommand,
  UnsupportedOperationException,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { containing, raw, rejection, start, target } from './harness.ts'

const Plaintext = Buffer.from('sealed with wax')

async function startWithKey() {
  const { kms, client } = await start()
  const KeyId = await kms.createKey({ alias: 'alias/orders' })
  return { kms, client, KeyId }
}

async function startWithCiphertext(EncryptionContext?: Record<string, string>) {
  const { kms, client, KeyId } = await startWithKey()
  const { CiphertextBlob = new Uint8Array() } = await client.send(
    new EncryptCommand({ KeyId, Plaintext, EncryptionContext }),
  )
  return { kms, client, KeyId, CiphertextBlob }
}

describe('Encrypt and Decrypt', () => {
  it('bring the plaintext back, with and without KeyId', async () => {
    const { client, KeyId } = await startWithKey()
    const sealed = await client.send(new EncryptCommand({ KeyId: 'alias/orders', Plaintext }))
    expect(sealed).toMatchObject({ KeyId, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
    for (const named of [undefined, KeyId, 'alias/orders', KeyId.split('/')[1]]) {
      const opened = await client.send(
        new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, KeyId: named }),
      )
      expect(opened).toMatchObject({ KeyId, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
      expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
    }
  })

  it('take 1 to 4,096 bytes', async () => {
    const { client, KeyId } = await startWithKey()
    const encrypt = (length: number) =>
      client.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array(length) }))
    const { CiphertextBlob } = await encrypt(4096)
    const opened = await client.send(new DecryptCommand({ CiphertextBlob }))
    expect(opened.Plaintext).toHaveLength(4096)
    const prefix = "1 validation error detected: Value at 'plaintext' failed to satisfy constraint:"
    expect(await rejection(encrypt(4097))).toMatchObject({
      name: 'ValidationException',
      message: `${prefix} Member must have length less than or equal to 4096`,
    })
    expect(await rejection(encrypt(0))).toMatchObject({
      name: 'ValidationException',
      message: `${prefix} Member must have length greater than or equal to 1`,
    })
  })

  it('refuse a ciphertext of more than 6,144 bytes as such, and a shorter one as none of theirs', async () => {
    const { client } = await startWithKey()
    const decrypt = (length: number) =>
      rejection(client.send(new DecryptCommand({ CiphertextBlob: new Uint8Array(length) })))
    expect(await decrypt(6145)).toMatchObject({
      name: 'ValidationException',
      message: containing('Member must have length less than or equal to 6144'),
    })
    for (const length of [1, 2, 37, 70, 6144]) {
      expect(await decrypt(length)).toBeInstanceOf(InvalidCiphertextException)
    }
  })

  it('notice a change of any part', async () => {
    const { client, CiphertextBlob } = await startWithCiphertext()
    for (const at of [0, 1, 2, 38, 42, 54, CiphertextBlob.length - 1]) {
      const changed = Uint8Array.from(CiphertextBlob, (byte, i) => (i === at ? byte ^ 1 : byte))
      const error = await rejection(client.send(new DecryptCommand({ CiphertextBlob: changed })))
      expect(error).toBeInstanceOf(InvalidCiphertextException)
    }
  })

  it('know a sound ciphertext whose key is not here', async () => {
    const { CiphertextBlob, KeyId } = await startWithCiphertext()
    const { client } = await start()
    const decrypt = (KeyId?: string) =>
      rejection(client.send(new DecryptCommand({ CiphertextBlob, KeyId })))
    expect(await decrypt()).toMatchObject({
      name: 'AccessDeniedException',
      message: containing('refers to a customer master key that does not exist'),
    })
    expect(await decrypt(KeyId)).toBeInstanceOf(NotFoundException)
  })

  it('refuse another key than the one that encrypted', async () => {
    const { kms, client, CiphertextBlob } = await startWithCiphertext()
    const KeyId = await kms.createKey()
    const error = await rejection(client.send(new DecryptCommand({ CiphertextBlob, KeyId })))
    expect(error).toBeInstanceOf(IncorrectKeyException)
    expect(error).toMatchObject({
      message: 'The key ID in the request does not identify a CMK that can perform this operation.',
    })
  })

  it('do not take an algorithm of another kind of key', async () => {
    const { client, KeyId } = await startWithKey()
    const error = await rejection(
      client.send(
        new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
      ),
    )
    expect(error).toBeInstanceOf(InvalidKeyUsageException)
  })

  it('run dry', async () => {
    const { client, KeyId } = await startWithKey()
    const dry = (KeyId: string) =>
      rejection(client.send(new EncryptCommand({ KeyId, Plaintext, DryRun: true })))
    expect(await dry(KeyId)).toBeInstanceOf(DryRunOperationException)
    expect(await dry('alias/absent')).toBeInstanceOf(NotFoundException)
  })
})

describe('the encryption context', () => {
  it('must be the same, in any order', async () => {
    const { client, CiphertextBlob } = await startWithCiphertext({ tenant: '7', purpose: 'orders' })
    const decrypt = (EncryptionContext?: Record<string, string>) =>
      client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
    await decrypt({ purpose: 'orders', tenant: '7' })
    for (const wrong of [
      undefined,
      {},
      { tenant: '7' },
      { tenant: '7', purpose: 'orders', more: '' },
      { tenant: '8', purpose: 'orders' },
      { tenant: 'orders', purpose: '7' },
      { tenant: '7purpose', orders: '' },
    ]) {
      expect(await rejection(decrypt(wrong))).toBeInstanceOf(InvalidCiphertextException)
    }
  })

  it('may be left out where it is empty', async () => {
    const { client, CiphertextBlob } = await startWithCiphertext({})
    const { Plaintext: opened } = await client.send(new DecryptCommand({ CiphertextBlob }))
    expect(opened).toEqual(new Uint8Array(Plaintext))
  })

  it('may be any Unicode', async () => {
    const context = { 'clé·ключ·鍵': 'żółć', '🔑': '\u0000', '': 'empty key', 'e\u0301': 'é' }
    const { client, CiphertextBlob } = await startWithCiphertext(context)
    await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }))
    const composed = { ...context, 'e\u0301': 'e\u0301' }
    const error = await rejection(
      client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: composed })),
    )
    expect(error).toBeInstanceOf(InvalidCiphertextException)
  })

  it('may have keys that mean something to JavaScript', async () => {
    const { kms, KeyId } = await startWithKey()
    const encrypt = (context: string) =>
      raw(
        kms,
        `{"KeyId":"${KeyId}","Plaintext":"QQ==","EncryptionContext":${context}}`,
        target('Encrypt'),
      )
    const decrypt = (blob: string, context: string) =>
      raw(kms, `{"CiphertextBlob":"${blob}","EncryptionContext":${context}}`, target('Decrypt'))
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const sealed = await encrypt(`{"${key}":"a"}`)
      expect(sealed.status).toBe(200)
      const blob = /"CiphertextBlob":"([^"]+)"/.exec(JSON.stringify(sealed.json))?.[1] ?? ''
      expect((await decrypt(blob, `{"${key}":"a"}`)).json).toMatchObject({ Plaintext: 'QQ==' })
      for (const wrong of [`{"${key}":"b"}`, '{}']) {
        expect((await decrypt(blob, wrong)).json).toEqual({ __type: 'InvalidCiphertextException' })
      }
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('a')
    expect((await encrypt('{"__proto__":{"polluted":"yes"}}')).json).toMatchObject({
      __type: 'SerializationException',
    })
    expect('polluted' in {}).toBe(false)
  })

  it('must be text that UTF-8 can hold, in an object', async () => {
    const { kms, KeyId } = await startWithKey()
    const encrypt = (context: string) =>
      raw(
        kms,
        `{"KeyId":"${KeyId}","Plaintext":"QQ==","EncryptionContext":${context}}`,
        target('Encrypt'),
      )
    expect((await encrypt('{"a":"\\ud800"}')).json).toMatchObject({ __type: 'ValidationException' })
    for (const wrong of ['[]', '"a"', '{"a":1}', '{"a":null}']) {
      expect((await encrypt(wrong)).json).toMatchObject({ __type: 'SerializationException' })
    }
    expect((await encrypt('null')).status).toBe(200)
  })
})

describe('GenerateDataKey', () => {
  it.each([
    [{ KeySpec: 'AES_256' } as const, 32],
    [{ KeySpec: 'AES_128' } as const, 16],
    [{ NumberOfBytes: 1 }, 1],
    [{ NumberOfBytes: 1024 }, 1024],
  ])('%o: the plaintext and its ciphertext', async (size, length) => {
    const { client, KeyId } = await startWithKey()
    const EncryptionContext = { tenant: '7' }
    const made = await client.send(
      new GenerateDataKeyCommand({ KeyId: 'alias/orders', EncryptionContext, ...size }),
    )
    expect(made.KeyId).toBe(KeyId)
    expect(made.Plaintext).toHaveLength(length)
    const { CiphertextBlob } = made
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
    expect(opened.Plaintext).toEqual(made.Plaintext)
  })

  it('WithoutPlaintext gives the ciphertext only', async () => {
    const { client, KeyId } = await startWithKey()
    const made = await client.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' }),
    )
    expect(made.KeyId).toBe(KeyId)
    expect(made).not.toHaveProperty('Plaintext')
    const { CiphertextBlob } = made
    const opened = await client.send(new DecryptCommand({ CiphertextBlob }))
    expect(opened.Plaintext).toHaveLength(32)
  })

  it('takes exactly one of NumberOfBytes and KeySpec', async () => {
    const { client, KeyId } = await startWithKey()
    for (const size of [{}, { KeySpec: 'AES_256', NumberOfBytes: 32 } as const]) {
      for (const Command of [GenerateDataKeyCommand, GenerateDataKeyWithoutPlaintextCommand]) {
        const command = new Command({ KeyId, ...size })
        expect(await rejection(client.send(command))).toMatchObject({
          name: 'ValidationException',
          message: 'Please specify either number of bytes or key spec.',
        })
      }
    }
  })

  it('refuses Recipient, which it could only ignore', async () => {
    const { client, KeyId } = await startWithKey()
    const Recipient = { AttestationDocument: Uint8Array.of(1) }
    const error = await rejection(
      client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient })),
    )
    expect(error).toBeInstanceOf(UnsupportedOperationException)
  })
})

describe('ReEncrypt', () => {
  it('moves a ciphertext to another key and another context', async () => {
    const { kms, client, KeyId, CiphertextBlob } = await startWithCiphertext({ tenant: '7' })
    const destination = await kms.createKey()
    const moved = await client.send(
      new ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext: { tenant: '7' },
        SourceKeyId: 'alias/orders',
        DestinationKeyId: destination,
        DestinationEncryptionContext: { tenant: '8' },
      }),
    )
    expect(moved).toMatchObject({
      SourceKeyId: KeyId,
      KeyId: destination,
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    })
    const opened = await client.send(
      new DecryptCommand({
        CiphertextBlob: moved.CiphertextBlob,
        EncryptionContext: { tenant: '8' },
      }),
    )
    expect(opened.KeyId).toBe(destination)
    expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
  })

  it('needs the right source key and context, and a destination', async () => {
    const { kms, client, KeyId, CiphertextBlob } = await startWithCiphertext({ tenant: '7' })
    const DestinationKeyId = await kms.createKey()
    const right = { CiphertextBlob, SourceEncryptionContext: { tenant: '7' }, DestinationKeyId }
    const reEncrypt = (change: object) =>
      rejection(client.send(new ReEncryptCommand({ ...right, ...change })))
    expect(await reEncrypt({ SourceKeyId: DestinationKeyId })).toBeInstanceOf(IncorrectKeyException)
    expect(await reEncrypt({ SourceEncryptionContext: {} })).toBeInstanceOf(
      InvalidCiphertextException,
    )
    expect(await reEncrypt({ DestinationKeyId: `${KeyId.slice(0, -4)}0000` })).toBeInstanceOf(
      NotFoundException,
    )
    expect(await reEncrypt({ DestinationKeyId: undefined })).toMatchObject({
      message:
        "1 validation error detected: Value null at 'destinationKeyId' failed to satisfy " +
        'constraint: Member must not be null',
    })
  })
})

describe('GenerateRandom', () => {
  it('gives 1 to 1,024 bytes', async () => {
    const { client } = await start()
    for (const NumberOfBytes of [1, 1024]) {
      const { Plaintext } = await client.send(new GenerateRandomCommand({ NumberOfBytes }))
      expect(Plaintext).toHaveLength(NumberOfBytes)
    }
  })

  it.each([
    [undefined, 'NumberOfBytes is required.'],
    [
      0,
      "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: " +
        'Member must have value greater than or equal to 1',
    ],
    [
      1025,
      "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: " +
        'Member must have value less than or equal to 1024',
    ],
  ])('and not %s', async (NumberOfBytes, message) => {
    const { client } = await start()
    const error = await rejection(client.send(new GenerateRandomCommand({ NumberOfBytes })))
    expect(error).toMatchObject({ name: 'ValidationException', message })
  })
})
