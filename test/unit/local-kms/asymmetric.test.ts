import {
  constants,
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
} from 'node:crypto'
import {
  CreateKeyCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DryRunOperationException,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  InvalidCiphertextException,
  InvalidKeyUsageException,
  ReEncryptCommand,
  UnsupportedOperationException,
  type KeySpec,
  type KeyUsageType,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { explicitP256, P256, writtenPublicKey } from './der-writer.ts'
import { containing, rejection, start } from './harness.ts'

const Plaintext = Buffer.from('sealed with wax')

async function makeKey(client: KMSClient, KeySpec: KeySpec, KeyUsage: KeyUsageType) {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec, KeyUsage }))
  return KeyMetadata?.Arn ?? ''
}

async function publicKeyOf(client: KMSClient, KeyId: string) {
  const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId }))
  return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
}

async function startWithRsa(KeySpec: KeySpec = 'RSA_2048') {
  const { kms, client } = await start()
  return { kms, client, KeyId: await makeKey(client, KeySpec, 'ENCRYPT_DECRYPT') }
}

async function startWithEcc(KeySpec: KeySpec = 'ECC_NIST_P256') {
  const { kms, client } = await start()
  const KeyId = await makeKey(client, KeySpec, 'KEY_AGREEMENT')
  const derive = (PublicKey: Uint8Array, more = {}) =>
    client.send(
      new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey, ...more }),
    )
  return { kms, client, KeyId, derive }
}

const rsaAlgorithms = [
  ['RSAES_OAEP_SHA_1', 'sha1', 214],
  ['RSAES_OAEP_SHA_256', 'sha256', 190],
] as const

describe('an RSA key', () => {
  it.each([
    ['RSA_2048', 2048],
    ['RSA_3072', 3072],
    ['RSA_4096', 4096],
  ] as const)('%s is made and described, and shows its public key', async (KeySpec, bits) => {
    const { client, KeyId } = await startWithRsa(KeySpec)
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
    const facts = {
      CustomerMasterKeySpec: KeySpec,
      KeySpec,
      KeyUsage: 'ENCRYPT_DECRYPT',
      EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
    }
    expect(KeyMetadata).toMatchObject({ ...facts, KeyState: 'Enabled', Origin: 'AWS_KMS' })
    expect(KeyMetadata).not.toHaveProperty('CurrentKeyMaterialId')
    const answer = await client.send(new GetPublicKeyCommand({ KeyId }))
    expect(answer).toMatchObject({ ...facts, KeyId })
    expect(answer).not.toHaveProperty('KeyAgreementAlgorithms')
    const publicKey = await publicKeyOf(client, KeyId)
    expect(publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: bits })
  })

  it.each(rsaAlgorithms)('%s: opens what was encrypted here or outside', async (name, oaepHash) => {
    const { client, KeyId } = await startWithRsa()
    const EncryptionAlgorithm = name
    const sealed = await client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm }))
    expect(sealed).toMatchObject({ KeyId, EncryptionAlgorithm })
    expect(sealed.CiphertextBlob).toHaveLength(256)
    const key = await publicKeyOf(client, KeyId)
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const outside = publicEncrypt({ key, padding, oaepHash }, Plaintext)
    for (const CiphertextBlob of [sealed.CiphertextBlob, outside]) {
      const opened = await client.send(
        new DecryptCommand({ CiphertextBlob, KeyId, EncryptionAlgorithm }),
      )
      expect(opened).toMatchObject({ KeyId, EncryptionAlgorithm })
      expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
    }
  })

  it.each(rsaAlgorithms)('%s: takes as much as OAEP can', async (EncryptionAlgorithm, _, most) => {
    const { client, KeyId } = await startWithRsa()
    const encrypt = (length: number) =>
      client.send(
        new EncryptCommand({ KeyId, Plaintext: new Uint8Array(length), EncryptionAlgorithm }),
      )
    await encrypt(most)
    expect(await rejection(encrypt(most + 1))).toMatchObject({
      name: 'ValidationException',
      message:
        `Algorithm ${EncryptionAlgorithm} and key spec RSA_2048 cannot encrypt data larger than ` +
        `${most} bytes.`,
    })
  })

  it('does not open what is damaged, of another key or of another algorithm', async () => {
    const { client, KeyId } = await startWithRsa()
    const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
    const { CiphertextBlob = new Uint8Array() } = await client.send(
      new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm }),
    )
    const other = await makeKey(client, 'RSA_2048', 'ENCRYPT_DECRYPT')
    const right = { CiphertextBlob, KeyId, EncryptionAlgorithm } as const
    for (const wrong of [
      { CiphertextBlob: CiphertextBlob.map((byte, at) => (at === 9 ? byte ^ 1 : byte)) },
      { CiphertextBlob: CiphertextBlob.subarray(1) },
      { KeyId: other },
      { EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' as const },
    ]) {
      const error = await rejection(client.send(new DecryptCommand({ ...right, ...wrong })))
      expect(error).toBeInstanceOf(InvalidCiphertextException)
    }
  })

  it('has to be named to decrypt', async () => {
    const { client } = await start()
    const command = new DecryptCommand({
      CiphertextBlob: new Uint8Array(256),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    expect(await rejection(client.send(command))).toMatchObject({
      name: 'ValidationException',
      message: containing('KeyId'),
    })
  })

  it('takes no encryption context but an empty one', async () => {
    const { client, KeyId } = await startWithRsa()
    const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
    const encrypt = (EncryptionContext: Record<string, string>) =>
      client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm, EncryptionContext }))
    const { CiphertextBlob } = await encrypt({})
    const refused = { name: 'ValidationException', message: containing('EncryptionContext') }
    expect(await rejection(encrypt({ tenant: '7' }))).toMatchObject(refused)
    const EncryptionContext = { tenant: '7' }
    const decrypt = { CiphertextBlob, KeyId, EncryptionAlgorithm, EncryptionContext } as const
    expect(await rejection(client.send(new DecryptCommand(decrypt)))).toMatchObject(refused)
  })

  it('and a symmetric one do not take the algorithm of the other', async () => {
    const { kms, client, KeyId: rsa } = await startWithRsa()
    const symmetric = await kms.createKey()
    for (const [KeyId, EncryptionAlgorithm, spec] of [
      [rsa, 'SYMMETRIC_DEFAULT', 'RSA_2048'],
      [symmetric, 'RSAES_OAEP_SHA_1', 'SYMMETRIC_DEFAULT'],
    ] as const) {
      const CiphertextBlob = new Uint8Array(256)
      for (const command of [
        new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm }),
        new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm }),
      ] as const) {
        const error = await rejection(
          command instanceof EncryptCommand ? client.send(command) : client.send(command),
        )
        expect(error).toBeInstanceOf(InvalidKeyUsageException)
        expect(error).toMatchObject({
          message: `Algorithm ${EncryptionAlgorithm} is incompatible with key spec ${spec}.`,
        })
      }
    }
  })

  it('makes no data keys', async () => {
    const { client, KeyId } = await startWithRsa()
    const command = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })
    expect(await rejection(client.send(command))).toBeInstanceOf(InvalidKeyUsageException)
  })

  it('is the source or the destination of ReEncrypt', async () => {
    const { kms, client, KeyId: rsa } = await startWithRsa()
    const symmetric = await kms.createKey()
    const algorithm = 'RSAES_OAEP_SHA_256'
    const sealed = await client.send(new EncryptCommand({ KeyId: symmetric, Plaintext }))
    const moved = await client.send(
      new ReEncryptCommand({
        CiphertextBlob: sealed.CiphertextBlob,
        DestinationKeyId: rsa,
        DestinationEncryptionAlgorithm: algorithm,
      }),
    )
    expect(moved).toMatchObject({ SourceKeyId: symmetric, KeyId: rsa })
    const back = await client.send(
      new ReEncryptCommand({
        CiphertextBlob: moved.CiphertextBlob,
        SourceKeyId: rsa,
        SourceEncryptionAlgorithm: algorithm,
        DestinationKeyId: symmetric,
        DestinationEncryptionContext: { tenant: '7' },
      }),
    )
    const opened = await client.send(
      new DecryptCommand({
        CiphertextBlob: back.CiphertextBlob,
        EncryptionContext: { tenant: '7' },
      }),
    )
    expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
  })
})

const curves = [
  ['ECC_NIST_P256', 'prime256v1', 32],
  ['ECC_NIST_P384', 'secp384r1', 48],
  ['ECC_NIST_P521', 'secp521r1', 66],
] as const

describe('an ECC key', () => {
  it.each(curves)('%s shows its public key and agrees on a secret', async (spec, curve, length) => {
    const { client, KeyId, derive } = await startWithEcc(spec)
    const answer = await client.send(new GetPublicKeyCommand({ KeyId }))
    expect(answer).toMatchObject({
      KeyId,
      KeySpec: spec,
      CustomerMasterKeySpec: spec,
      KeyUsage: 'KEY_AGREEMENT',
      KeyAgreementAlgorithms: ['ECDH'],
    })
    expect(answer).not.toHaveProperty('EncryptionAlgorithms')
    const peer = generateKeyPairSync('ec', { namedCurve: curve })
    const derived = await derive(peer.publicKey.export({ format: 'der', type: 'spki' }))
    expect(derived).toMatchObject({ KeyId, KeyAgreementAlgorithm: 'ECDH', KeyOrigin: 'AWS_KMS' })
    const publicKey = await publicKeyOf(client, KeyId)
    const expected = diffieHellman({ privateKey: peer.privateKey, publicKey })
    expect(derived.SharedSecret).toHaveLength(length)
    expect(Buffer.from(derived.SharedSecret ?? [])).toEqual(expected)
  })

  const spki = (curve: string) =>
    generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({
      format: 'der',
      type: 'spki',
    })

  it.each([
    ['of another curve', () => spki('secp384r1')],
    ['of a curve of the same length', () => spki('secp256k1')],
    [
      'of another kind of key',
      () => generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }),
    ],
    [
      'with a point that is not on the curve',
      () => {
        const key = spki('prime256v1')
        key.writeUInt8(key.readUInt8(key.length - 1) ^ 1, key.length - 1)
        return key
      },
    ],
    ['with the point at infinity', () => writtenPublicKey(P256, Buffer.of(0))],
    [
      'with a curve by its parameters',
      () => {
        const point = createECDH('prime256v1').generateKeys()
        return writtenPublicKey(explicitP256(point), point)
      },
    ],
    [
      'that is compressed',
      () => {
        const ecdh = createECDH('prime256v1')
        ecdh.generateKeys()
        return writtenPublicKey(P256, ecdh.getPublicKey(null, 'compressed'))
      },
    ],
    [
      'that is a bare point',
      () => {
        const ecdh = createECDH('prime256v1')
        return ecdh.generateKeys()
      },
    ],
    ['with more at its end', () => Buffer.concat([spki('prime256v1'), Buffer.of(0)])],
    ['cut short', () => spki('prime256v1').subarray(0, -1)],
  ])('refuses a public key %s', async (_, publicKey) => {
    const { derive } = await startWithEcc()
    expect(await rejection(derive(publicKey()))).toMatchObject({
      name: 'ValidationException',
      message: containing('PublicKey is not valid'),
    })
  })

  it('runs dry', async () => {
    const { derive } = await startWithEcc()
    const dry = (publicKey: Uint8Array) => rejection(derive(publicKey, { DryRun: true }))
    expect(await dry(spki('prime256v1'))).toBeInstanceOf(DryRunOperationException)
    expect(await dry(spki('secp384r1'))).toMatchObject({ name: 'ValidationException' })
  })

  it('does not encrypt, and a key that encrypts agrees on nothing', async () => {
    const { kms, client, KeyId } = await startWithEcc()
    const encrypt = await rejection(client.send(new EncryptCommand({ KeyId, Plaintext })))
    expect(encrypt).toBeInstanceOf(InvalidKeyUsageException)
    expect(encrypt).toMatchObject({
      message: `${KeyId} key usage is KEY_AGREEMENT which is not valid for Encrypt.`,
    })
    const symmetric = await kms.createKey()
    const derive = new DeriveSharedSecretCommand({
      KeyId: symmetric,
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: spki('prime256v1'),
    })
    expect(await rejection(client.send(derive))).toBeInstanceOf(InvalidKeyUsageException)
  })
})

describe('GetPublicKey', () => {
  it('is for asymmetric keys', async () => {
    const { kms, client } = await start()
    const KeyId = await kms.createKey()
    const error = await rejection(client.send(new GetPublicKeyCommand({ KeyId })))
    expect(error).toBeInstanceOf(UnsupportedOperationException)
  })
})
