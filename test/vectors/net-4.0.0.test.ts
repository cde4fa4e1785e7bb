import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EnvelopeClient, RawAesKeyring, inspectMessage, nodeBackend } from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { type DecryptWay, decryptWays } from '../support/decrypt-ways.ts'
import { expectSlices } from '../support/slices.ts'
import { unzip } from '../support/unzip.ts'

interface Manifest {
  tests: Record<
    string,
    {
      ciphertext: string
      'master-keys': [{ key: string; 'provider-id': string }]
      'encryption-context': Record<string, string>
      result: { output: { plaintext: string } }
    }
  >
}

interface Keys {
  keys: Record<string, { 'key-id': string; material: string }>
}

// Official vectors, which the project's own tree does not carry: messages of the .NET SDK 4.0.0 with
// required encryption context, so pairs that are authenticated and not stored.
const path = new URL('../../../shared/vectors/valid-Net-4.0.0.zip', import.meta.url)
const present = existsSync(path)
const files = present ? unzip(readFileSync(path)) : new Map<string, Buffer>()

function file(uri: string): Buffer {
  const found = files.get(uri.replace('file://', ''))
  if (!found) throw new Error(`The archive has no ${uri}`)
  return found
}

function readVectors() {
  const manifest = JSON.parse(file('manifest.json').toString()) as Manifest
  const { keys } = JSON.parse(file('keys.json').toString()) as Keys
  return Object.entries(manifest.tests).map(([name, test]) => {
    const [{ key, 'provider-id': keyNamespace }] = test['master-keys']
    const { 'key-id': keyName, material } = keys[key] ?? { 'key-id': '', material: '' }
    return {
      name,
      keyring: { keyNamespace, keyName, wrappingKey: Buffer.from(material, 'base64') },
      ciphertext: file(test.ciphertext),
      plaintext: file(test.result.output.plaintext),
      encryptionContext: test['encryption-context'],
    }
  })
}

const vectors = present ? readVectors() : []

describe.skipIf(!present)('the official vectors of the .NET SDK 4.0.0', () => {
  it('are five messages of five suites', () => {
    expect(vectors.map(({ name }) => name.slice(0, 4)).sort()).toEqual([
      '0014',
      '0046',
      '0078',
      '0478',
      '0578',
    ])
  })

  for (const backend of [nodeBackend, nobleBackend]) {
    const clientFor = (vector: (typeof vectors)[number]) =>
      new EnvelopeClient({
        keyring: new RawAesKeyring({ ...vector.keyring, backend }),
        commitmentPolicy: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
        backend,
      })

    for (const [way, decrypt] of Object.entries<DecryptWay>(decryptWays)) {
      it.each(vectors)(`${backend.name}, ${way}: $name`, async (vector) => {
        const { ciphertext, encryptionContext } = vector
        const plaintext = await decrypt(clientFor(vector), ciphertext, { encryptionContext })
        expect(Buffer.from(plaintext).equals(vector.plaintext)).toBe(true)
      })

      it.each(vectors)(`${backend.name}, ${way}, no context given: $name`, async (vector) => {
        const decrypted = decrypt(clientFor(vector), vector.ciphertext)
        await expect(decrypted).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
      })
    }

    it.each(vectors)(`${backend.name}, slice by slice: $name`, async (vector) => {
      const { ciphertext, plaintext, encryptionContext } = vector
      await expectSlices(clientFor(vector), ciphertext, plaintext, { encryptionContext })
    })

    it.each(vectors)(
      `${backend.name}, a pair wrong, missing or too much: $name`,
      async (vector) => {
        const { key1 = '', key2 = '' } = vector.encryptionContext
        const contexts: Record<string, string>[] = [
          { key1, key2: 'another value' },
          { key1: key2, key2: key1 },
          { key1 },
          { key1, key2, key3: 'val3' },
        ]
        for (const encryptionContext of contexts) {
          await expect(
            clientFor(vector).decrypt(vector.ciphertext, { encryptionContext }),
            JSON.stringify(encryptionContext),
          ).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
        }
      },
    )
  }

  it.each(vectors)('none of the pairs is stored in: $name', ({ ciphertext }) => {
    const stored = Object.keys(inspectMessage(ciphertext).encryptionContext)
    expect(stored.filter((key) => key !== 'aws-crypto-public-key')).toEqual([])
  })
})
