import {
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EnvelopeClient, EnvelopeError, type Keyring, MultiKeyring } from '../../../src/index.ts'
import {
  KmsDiscoveryKeyring,
  KmsKeyring,
  KmsMrkDiscoveryKeyring,
  KmsMrkKeyring,
  KmsRsaKeyring,
  kmsMultiKeyring,
} from '../../../src/kms.ts'
import { fakeClient } from '../../support/fake-kms-client.ts'
import { KmsRegions } from '../../support/kms-regions.ts'
import { decryptionMaterials, failure, foreignKey } from '../../support/materials.ts'
import { expectNoTraces } from '../../support/traces.ts'

const [home, away] = ['eu-central-1', 'us-west-2'] as const
let regions: KmsRegions
beforeAll(async () => {
  regions = await KmsRegions.start()
})
afterAll(() => regions.close())

const keyIn = (region: string) => regions.kms.createKey({ region })
const strict = (region: string, keyId: string) =>
  new KmsKeyring({ client: regions.clientOf(region), keyId })
const filterFor = (keyArn: string) => ({
  accountIds: [keyArn.split(':')[4] ?? ''],
  partition: 'aws',
})
const seal = async (keyring: Keyring, encryptionContext = {}) =>
  (await new EnvelopeClient({ keyring }).encrypt('x', { encryptionContext })).ciphertext
const refusal = (keyring: Keyring, message: Uint8Array) =>
  failure(() => new EnvelopeClient({ keyring }).decrypt(message))

describe('the attempts', () => {
  it('stand in the order of the message, all that is said of one key together', async () => {
    const keys = [await keyIn(home), await keyIn(away), await keyIn(home)] as const
    const [first, second, third] = keys
    const message = await seal(
      kmsMultiKeyring({
        generator: first,
        keyIds: [second, third],
        clientSupplier: regions.clientOf,
      }),
    )
    const stranger = await keyIn(home)
    const discovery = (region: string) =>
      new KmsDiscoveryKeyring({
        client: regions.clientOf(region),
        discoveryFilter: { accountIds: ['111122223333'], partition: 'aws' },
      })
    const restore = regions.kms.deny(third, 'Decrypt')
    const keyring = new MultiKeyring({
      children: [strict(home, third), strict(home, stranger), discovery(away)],
    })
    const error = await refusal(keyring, message)
    restore()

    expect(error).toMatchObject({ name: 'UnwrapError', code: 'ERR_UNWRAP_FAILED' })
    const seen = error.attempts?.map(({ key, region, outcome }) => [key, region, outcome])
    expect(seen).toEqual([
      [first, home, 'skipped'],
      [first, home, 'skipped'],
      [first, home, 'skipped'],
      [second, away, 'skipped'],
      [second, away, 'skipped'],
      [second, away, 'skipped'],
      [third, home, 'failed'],
      [third, home, 'skipped'],
      [third, home, 'skipped'],
    ])
    for (const { provider, reason } of error.attempts ?? []) {
      expect(provider).toBe('aws-kms')
      expect(reason).toMatch(/\w/)
      expect(error.message).toContain(reason)
    }
    expect(error.attempts?.[6]?.reason).toContain('AccessDeniedException')
    expect(error.attempts?.[7]?.reason).toContain(stranger)
  })

  it('are not there if a later key opens', async () => {
    const [first, second] = [await keyIn(home), await keyIn(away)]
    const options = { keyIds: [second], clientSupplier: regions.clientOf }
    const message = await seal(kmsMultiKeyring({ generator: first, ...options }))
    const restore = regions.kms.deny(first, 'Decrypt')
    const keyring = kmsMultiKeyring({ generator: first, ...options })
    const { plaintext } = await new EnvelopeClient({ keyring }).decrypt(message)
    restore()
    expect(Buffer.from(plaintext).toString()).toBe('x')
  })
})

/** Every keyring that asks KMS for a symmetric key, over one key. */
const symmetric: Record<string, (region: string, keyArn: string) => Keyring> = {
  KmsKeyring: strict,
  KmsMrkKeyring: (region, keyId) => new KmsMrkKeyring({ client: regions.clientOf(region), keyId }),
  KmsDiscoveryKeyring: (region, keyArn) =>
    new KmsDiscoveryKeyring({
      client: regions.clientOf(region),
      discoveryFilter: filterFor(keyArn),
    }),
  KmsMrkDiscoveryKeyring: (region, keyArn) =>
    new KmsMrkDiscoveryKeyring({
      client: regions.clientOf(region),
      discoveryFilter: filterFor(keyArn),
    }),
}

describe.each(Object.entries(symmetric))('%s explains', (_, make) => {
  const failedWith = (key: string, name: string, hint: string) => [
    {
      provider: 'aws-kms',
      key,
      region: home,
      outcome: 'failed',
      reason: expect.stringMatching(`^KMS Decrypt failed: ${name}`) as unknown,
      hint: expect.stringContaining(hint) as unknown,
      cause: expect.objectContaining({ name }) as unknown,
    },
  ]

  it('access denied, with the action that is missing and on which key', async () => {
    const key = await keyIn(home)
    const message = await seal(strict(home, key))
    const restore = regions.kms.deny(key, 'Decrypt')
    const { attempts } = await refusal(make(home, key), message)
    restore()
    expect(attempts).toEqual(failedWith(key, 'AccessDeniedException', `kms:Decrypt on ${key}`))
  })

  it('a key that is disabled', async () => {
    const key = await keyIn(home)
    const message = await seal(strict(home, key))
    await regions.clientOf(home).send(new DisableKeyCommand({ KeyId: key }))
    const { attempts } = await refusal(make(home, key), message)
    expect(attempts).toEqual(failedWith(key, 'DisabledException', 'enable the key'))
    await regions.clientOf(home).send(new EnableKeyCommand({ KeyId: key }))
    await new EnvelopeClient({ keyring: make(home, key) }).decrypt(message)
  })

  it('a key that waits for its deletion', async () => {
    const key = await keyIn(home)
    const message = await seal(strict(home, key))
    await regions.clientOf(home).send(new ScheduleKeyDeletionCommand({ KeyId: key }))
    const { attempts } = await refusal(make(home, key), message)
    expect(attempts).toEqual(failedWith(key, 'KMSInvalidStateException', 'cancel its deletion'))
  })

  it('a data key that was wrapped with another context, or was changed', async () => {
    const key = await keyIn(home)
    const keyring: Keyring = {
      onEncrypt: (materials) => strict(home, key).onEncrypt(materials),
      async onDecrypt(materials, [wrapped]) {
        expect.assert(wrapped)
        const ciphertext = Uint8Array.from(wrapped.ciphertext)
        const last = ciphertext.length - 1
        ciphertext[last] = (ciphertext[last] ?? 0) ^ 1
        return make(home, key).onDecrypt(materials, [{ ...wrapped, ciphertext }])
      },
    }
    const { attempts } = await refusal(keyring, await seal(keyring))
    expect(attempts).toEqual(failedWith(key, 'InvalidCiphertextException', 'encryption context'))
  })
})

describe('a client for another region than the key', () => {
  it.each([
    ['KmsKeyring', strict],
    ['KmsMrkKeyring', symmetric['KmsMrkKeyring'] ?? strict],
  ])('%s: on decrypt an attempt with both regions in its hint', async (_, make) => {
    const key = await keyIn(home)
    const message = await seal(strict(home, key))
    const { attempts } = await refusal(make(away, key), message)
    expect(attempts).toMatchObject([
      {
        key,
        region: home,
        outcome: 'failed',
        reason: expect.stringContaining('NotFoundException'),
      },
    ])
    const [attempt] = attempts ?? []
    expect(attempt?.hint).toContain(`the KMS client is for ${away}`)
    expect(attempt?.hint).toContain(`the key is in ${home}`)
  })

  it('on encrypt an error with both regions', async () => {
    const key = await keyIn(home)
    const error = await failure(() => seal(strict(away, key)))
    expect(error).toMatchObject({ code: 'ERR_WRAP_FAILED', cause: { name: 'NotFoundException' } })
    for (const part of [away, home, key]) expect(error.message).toContain(part)
  })

  it('is not blamed where the key does not exist in the client’s own region', async () => {
    const key = await keyIn(home)
    const missing = `${key.slice(0, -4)}0000`
    const error = await failure(() => seal(strict(home, missing)))
    expect(error.message).toContain("check the key's account and region")
  })
})

describe('access denied on encrypt', () => {
  it.each(['GenerateDataKey', 'Encrypt'])('names kms:%s', async (operation) => {
    const [generator, child] = [await keyIn(home), await keyIn(away)]
    const denied = operation === 'Encrypt' ? child : generator
    const restore = regions.kms.deny(denied, operation)
    const options = { generator, keyIds: [child], clientSupplier: regions.clientOf }
    const error = await failure(() => seal(kmsMultiKeyring(options)))
    restore()
    expect(error).toMatchObject({
      code: 'ERR_WRAP_FAILED',
      message: expect.stringContaining(`kms:${operation} on ${denied}`),
    })
  })
})

describe('no secret is in an error', () => {
  /** A keyring that keeps a copy of each data key that it hands on. */
  function recording(keyring: Keyring): { keyring: Keyring; seen: Buffer[] } {
    const seen: Buffer[] = []
    return {
      seen,
      keyring: {
        async onEncrypt(materials) {
          const result = await keyring.onEncrypt(materials)
          seen.push(Buffer.from(result.dataKey))
          return result
        },
        onDecrypt: (materials, keys) => keyring.onDecrypt(materials, keys),
      },
    }
  }
  const expectNoSecret = (error: EnvelopeError, seen: Buffer[]) => {
    expect(EnvelopeError.is(error)).toBe(true)
    expect(seen).not.toHaveLength(0)
    expectNoTraces(error, seen)
    for (const attempt of error.attempts ?? []) expectNoTraces(attempt, seen)
  }

  it('of a message that no key opens', async () => {
    const [first, second] = [await keyIn(home), await keyIn(away)]
    const rsaArn = await regions.kms.createKey({ region: home, keySpec: 'RSA_2048' })
    const rsa = new KmsRsaKeyring({
      keyId: rsaArn,
      publicKey: await regions.publicKey(rsaArn),
      client: regions.clientOf(home),
      encryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    const children = [strict(away, second), rsa]
    const { keyring, seen } = recording(
      new MultiKeyring({ generator: strict(home, first), children }),
    )
    const { ciphertext } = await new EnvelopeClient({ keyring }).encrypt('x', {
      algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
    })
    const restore = [first, second, rsaArn].map((key) => regions.kms.deny(key, 'Decrypt'))
    const error = await refusal(keyring, ciphertext)
    for (const each of restore) each()
    expect(error.attempts?.filter(({ outcome }) => outcome === 'failed')).toHaveLength(3)
    expectNoSecret(error, seen)
  })

  it('of a call of Encrypt, whose request held the data key', async () => {
    const [first, second] = [await keyIn(home), await keyIn(away)]
    const { keyring: generator, seen } = recording(strict(home, first))
    const restore = regions.kms.deny(second, 'Encrypt')
    const keyring = new MultiKeyring({ generator, children: [strict(away, second)] })
    const error = await failure(() => seal(keyring))
    restore()
    expect(error).toMatchObject({ cause: { name: 'AccessDeniedException' } })
    expectNoSecret(error, seen)
  })

  const secret = Buffer.from(Array.from({ length: 80 }, (_, index) => 7 + 3 * index))
  it.each([
    ['of another key', 32, 'arn:aws:kms:us-east-1:111122223333:key/other'],
    ['of another length', 80, undefined],
  ])('about an answer %s, with a plaintext in it', async (_, length, answered) => {
    const keyId = 'arn:aws:kms:us-east-1:111122223333:key/own'
    const { client } = fakeClient(() => ({
      KeyId: answered ?? keyId,
      Plaintext: Uint8Array.from(secret.subarray(0, length)),
      CiphertextBlob: new Uint8Array(3),
    }))
    const keyring = new KmsKeyring({ client, keyId })
    expectNoSecret(await failure(() => seal(keyring)), [secret])
    const wrapped = foreignKey({ providerId: 'aws-kms', providerInfo: Buffer.from(keyId) })
    const { attempts } = await keyring.onDecrypt(decryptionMaterials(), [wrapped])
    expect(attempts).toMatchObject([{ outcome: 'failed' }])
    expectNoTraces(attempts, [secret])
  })
})
