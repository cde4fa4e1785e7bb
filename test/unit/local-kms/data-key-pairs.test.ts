import { createPrivateKey, createPublicKey } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import {
  CreateKeyCommand,
  DecryptCommand,
  DisabledException,
  DisableKeyCommand,
  DryRunOperationException,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  InvalidKeyUsageException,
  UnsupportedOperationException,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { Clock } from '../../../src/local-kms/clock.ts'
import { KeyStore } from '../../../src/local-kms/key-store.ts'
import { createKey } from '../../../src/local-kms/new-key.ts'
import { GenerateDataKeyPair as generateDataKeyPair } from '../../../src/local-kms/operations/data-key-pairs.ts'
import { emptyState } from '../../../src/local-kms/records.ts'
import { rejection, start } from './harness.ts'

const EncryptionContext = { tenant: '7' }

async function startWithKey() {
  const { kms, client } = await start()
  return { kms, client, KeyId: await kms.createKey({ alias: 'alias/orders' }) }
}

function publicKeyOf(privateKey: Uint8Array) {
  const key = createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' })
  return createPublicKey(key)
}

describe('GenerateDataKeyPair', () => {
  it.each([
    ['RSA_2048', { modulusLength: 2048 }],
    ['RSA_3072', { modulusLength: 3072 }],
    ['ECC_NIST_P256', { namedCurve: 'prime256v1' }],
    ['ECC_NIST_P384', { namedCurve: 'secp384r1' }],
    ['ECC_NIST_P521', { namedCurve: 'secp521r1' }],
  ] as const)('%s: a pair whose private key opens', async (KeyPairSpec, details) => {
    const { client, KeyId } = await startWithKey()
    const made = await client.send(
      new GenerateDataKeyPairCommand({ KeyId: 'alias/orders', KeyPairSpec, EncryptionContext }),
    )
    expect(made).toMatchObject({ KeyId, KeyPairSpec })
    const publicKey = publicKeyOf(made.PrivateKeyPlaintext ?? new Uint8Array())
    expect(publicKey.asymmetricKeyDetails).toMatchObject(details)
    expect(Buffer.from(made.PublicKey ?? [])).toEqual(
      publicKey.export({ format: 'der', type: 'spki' }),
    )
    const CiphertextBlob = made.PrivateKeyCiphertextBlob
    const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
    expect(opened.Plaintext).toEqual(made.PrivateKeyPlaintext)
  })

  it('WithoutPlaintext gives the ciphertext only', async () => {
    const { client, KeyId } = await startWithKey()
    const KeyPairSpec = 'ECC_NIST_P256'
    const made = await client.send(
      new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec }),
    )
    expect(made).toMatchObject({ KeyId, KeyPairSpec })
    expect(made).not.toHaveProperty('PrivateKeyPlaintext')
    const CiphertextBlob = made.PrivateKeyCiphertextBlob
    const { Plaintext = new Uint8Array() } = await client.send(
      new DecryptCommand({ CiphertextBlob }),
    )
    const publicKey = publicKeyOf(Plaintext).export({ format: 'der', type: 'spki' })
    expect(Buffer.from(made.PublicKey ?? [])).toEqual(publicKey)
  })

  it('needs a symmetric key that is enabled', async () => {
    const { client, KeyId } = await startWithKey()
    const generate = (KeyId: string, more = {}) =>
      rejection(
        client.send(
          new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256', ...more }),
        ),
      )
    expect(await generate(KeyId, { DryRun: true })).toBeInstanceOf(DryRunOperationException)
    const spec = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' } as const
    const { KeyMetadata } = await client.send(new CreateKeyCommand(spec))
    expect(await generate(KeyMetadata?.KeyId ?? '')).toBeInstanceOf(InvalidKeyUsageException)
    const error = await generate(KeyId, { KeyPairSpec: 'ECC_SECG_P256K1' })
    expect(error).toBeInstanceOf(UnsupportedOperationException)
    await client.send(new DisableKeyCommand({ KeyId }))
    expect(await generate(KeyId)).toBeInstanceOf(DisabledException)
  })

  it('needs a key that is still enabled when the pair is made', async () => {
    const clock = new Clock()
    const store = new KeyStore(emptyState, async () => {})
    const environment = {
      store,
      clock,
      scope: { region: 'us-east-1', accountId: '000000000000' },
    }
    const key = await createKey(environment, {})
    const request = { KeyId: key.id, KeyPairSpec: 'RSA_4096' }
    const generated = rejection(generateDataKeyPair(request, environment))
    // Nothing but the making of the pair takes longer than a turn of the event loop.
    await setImmediate()
    await store.changeKey(key, (enabled) => ({ ...enabled, state: { name: 'Disabled' } }))
    expect(await generated).toMatchObject({ name: 'DisabledException' })
  })
})
