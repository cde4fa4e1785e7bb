import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { serializeAttribute } from '../../src/dynamodb/values/attribute-value.ts'
import { DefaultCmm, nodeBackend } from '../../src/index.ts'
import { nobleBackend } from '../../src/noble.ts'
import { decryptStructure, resolveActions } from '../../src/structured/decrypt.ts'
import { parseHeader } from '../../src/structured/header.ts'
import { footerName, headerName } from '../../src/structured/structure.ts'
import { FakeBranchKeys, keyringOn } from '../support/hierarchical.ts'

// The items that AWS's libraries published, below what is DynamoDB's: what is bound to them is put together
// here by hand, so that these tests stand on the format alone.

const folder = new URL('../../../shared/vectors/dynamodb/', import.meta.url)
const tableName = 'GazelleVectorTable'
const key = 'RecNum'

type Value = { B: string } | { S: string } | { N: string } | { L: never[] }
interface Vector {
  type: 'positive-decrypt' | 'negative-decrypt'
  description: string
  config: { allowedUnsignedAttributes?: string[] }
  plaintext: Record<string, unknown>
  encrypted: Record<string, Value>
}
interface BranchKey {
  'key-id': string
  branchKeyVersion: string
  branchKey: string
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
}

function terminal(value: Value, name: string) {
  return serializeAttribute('B' in value ? { B: Buffer.from(value.B, 'base64') } : value, name)
}

function bytes(encrypted: Vector['encrypted'], name: string): Uint8Array {
  const value = encrypted[name]
  if (!value || !('B' in value)) throw new Error(`The vector has no ${name}`)
  return Buffer.from(value.B, 'base64')
}

function cmm() {
  const { keys } = read('keys.json') as { keys: Record<'static-branch-key-1', BranchKey> }
  const { 'key-id': branchKeyId, branchKeyVersion, branchKey } = keys['static-branch-key-1']
  const keyStore = new FakeBranchKeys('')
  keyStore.add(branchKeyId, branchKeyVersion, Buffer.from(branchKey, 'base64'))
  return new DefaultCmm({ keyring: keyringOn(keyStore, { branchKeyId }) })
}

async function decrypt({ encrypted, config }: Vector, backend = nodeBackend) {
  const header = parseHeader(bytes(encrypted, headerName))
  const unsigned = [headerName, footerName, ...(config.allowedUnsignedAttributes ?? [])]
  const stored = Object.entries(encrypted)
    .filter(([name]) => !unsigned.includes(name))
    .map(([name, value]) => ({ name, ...terminal(value, name) }))
  const fields = resolveActions(header, stored)
  const materials = await cmm().decryptMaterials({
    algorithmSuite: header.suite,
    commitmentPolicy: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
    encryptedDataKeys: header.encryptedDataKeys,
    encryptionContext: header.encryptionContext,
    reproducedEncryptionContext: boundTo(header.version, fields),
  })
  const footer = bytes(encrypted, footerName)
  const decrypted = decryptStructure(backend, materials, header, { tableName, fields, footer })
  materials.destroy()
  return { fields, decrypted }
}

// encrypt-item.md, "DynamoDB Item Base Context".
function boundTo(version: 1 | 2, fields: ReturnType<typeof resolveActions>) {
  const inContext = fields.filter(({ action }) => action.endsWith('CONTEXT'))
  const entries =
    version === 1
      ? fields
          .filter(({ name }) => name === key)
          .map(({ name, typeId, value }) => [
            `aws-crypto-attr.${name}`,
            Buffer.concat([Uint8Array.of(typeId >> 8, typeId), value]).toString('base64'),
          ])
      : [
          ...inContext.map(({ name, value }) => [
            `aws-crypto-attr.${name}`,
            Buffer.from(value).toString(),
          ]),
          [
            'aws-crypto-legend',
            inContext
              .map(({ name, typeId }) => [name, typeId === 2 ? 'N' : 'S'] as const)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([, letter]) => letter)
              .join(''),
          ],
        ]
  return {
    'aws-crypto-table-name': tableName,
    'aws-crypto-partition-name': key,
    ...(Object.fromEntries(entries) as Record<string, string>),
  }
}

describe.skipIf(!existsSync(folder))('published items', () => {
  const files = ['decrypt_dotnet_32.json', 'decrypt_java_32.json', 'decrypt_java_33.json']
  const all = existsSync(folder)
    ? files.flatMap((file) =>
        Object.entries((read(file) as { tests: Record<string, Vector> }).tests).map(
          ([number, vector]) => ({ name: `${file} ${number}: ${vector.description}`, vector }),
        ),
      )
    : []

  it.each(all.filter(({ vector }) => vector.type === 'positive-decrypt'))(
    'opens $name',
    async ({ vector }) => {
      const expected = Object.entries(vector.plaintext)
      for (const backend of [nodeBackend, nobleBackend]) {
        const { fields, decrypted } = await decrypt(vector, backend)
        expect(fields).toHaveLength(expected.length)
        for (const { name, action, typeId, value } of fields) {
          const opened = action === 'ENCRYPT_AND_SIGN' ? decrypted.get(name) : { typeId, value }
          const plain = vector.plaintext[name]
          const asValue =
            typeof plain === 'string'
              ? { S: plain }
              : typeof plain === 'number'
                ? { N: `${plain}` }
                : (plain as Value)
          const { typeId: expectedId, value: expectedValue } = terminal(withMembers(asValue), name)
          expect(opened?.typeId).toBe(expectedId)
          expect(Buffer.from(opened?.value ?? [])).toEqual(Buffer.from(expectedValue))
        }
      }
    },
  )

  it.each(all.filter(({ vector }) => vector.type === 'negative-decrypt'))(
    'refuses $name',
    async ({ vector }) => {
      await expect(decrypt(vector)).rejects.toMatchObject({ code: 'ERR_AUTHENTICATION' })
    },
  )

  it('are 30, of which three are refused', () => {
    expect(all).toHaveLength(30)
    expect(all.filter(({ vector }) => vector.type === 'negative-decrypt')).toHaveLength(3)
  })
})

/** The texts within the lists and maps of the vectors' plaintext, which have no member to say so. */
function withMembers(value: Value): Value {
  const text = (each: unknown): unknown => {
    if (typeof each === 'string') return { S: each }
    const { M: map } = each as { M?: Record<string, unknown> }
    if (!map) return each
    return { M: Object.fromEntries(Object.entries(map).map(([name, one]) => [name, text(one)])) }
  }
  return 'L' in value ? { L: value.L.map(text) as never[] } : value
}
