import { randomBytes } from 'node:crypto'
import {
  type CryptoBackend,
  DefaultCmm,
  type EncryptionMaterials,
  type Keyring,
  MultiKeyring,
  RawAesKeyring,
  nodeBackend,
} from '../../../src/index.ts'
import type { DecryptionMaterials } from '../../../src/materials/decryption-materials.ts'
import { decryptStructure, resolveActions } from '../../../src/structured/decrypt.ts'
import { encryptStructure } from '../../../src/structured/encrypt.ts'
import { parseHeader } from '../../../src/structured/header.ts'
import {
  type Field,
  type SignedAction,
  type StoredField,
  type StructureHeader,
  binaryTypeId,
} from '../../../src/structured/structure.ts'
import { type ItemAlgorithmSuite, itemAlgorithmSuites } from '../../../src/suites/item-suites.ts'

export const unsigned =
  itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384
export const signed =
  itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384

export const tableName = 'orders'
/** What an item is bound to, and does not store. */
export const boundTo = { 'aws-crypto-table-name': tableName, 'aws-crypto-partition-name': 'id' }
const commitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'

export function aesKeyring(keyName = 'key'): RawAesKeyring {
  return new RawAesKeyring({ keyNamespace: 'test', keyName, wrappingKey: randomBytes(32) })
}

/** A keyring that wraps under so many keys. */
export function severalKeys(count: number): { keyring: Keyring; each: readonly Keyring[] } {
  const each = Array.from({ length: count }, (_, index) => aesKeyring(`key ${index}`))
  const [generator, ...children] = each
  if (!generator) throw new Error('No keys')
  return { keyring: new MultiKeyring({ generator, children }), each }
}

export function field(name: string, action: SignedAction, value = `value of ${name}`): Field {
  return { name, action, typeId: 0x0001, value: Buffer.from(value) }
}

/** An item as it is stored, without its names. */
export interface Stored {
  header: Uint8Array
  footer: Uint8Array
  fields: readonly StoredField[]
}

export interface Options {
  suite?: ItemAlgorithmSuite
  backend?: CryptoBackend
  tableName?: string
  encryptionContext?: Record<string, string>
}

export async function materialsFor(keyring: Keyring, options: Options = {}) {
  const { suite = unsigned, backend = nodeBackend, encryptionContext = boundTo } = options
  return new DefaultCmm({ keyring, backend }).getEncryptionMaterials({
    encryptionContext,
    requiredContextKeys: Object.keys(encryptionContext),
    commitmentPolicy,
    algorithmSuite: suite,
  })
}

/** Encrypts under these materials, and puts together what is stored. */
export function store(
  materials: EncryptionMaterials,
  fields: readonly Field[],
  options: Options = {},
): Stored {
  const { backend = nodeBackend } = options
  const inContext = fields.some(({ action }) => action === 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT')
  const { header, footer, encrypted } = encryptStructure(backend, materials, {
    tableName: options.tableName ?? tableName,
    version: inContext ? 2 : 1,
    fields,
  })
  const stored = fields.map(({ name, typeId, value }) => {
    const ciphertext = encrypted.get(name)
    return ciphertext ? { name, typeId: binaryTypeId, value: ciphertext } : { name, typeId, value }
  })
  return { header: header.bytes, footer, fields: stored }
}

export async function encrypt(keyring: Keyring, fields: readonly Field[], options: Options = {}) {
  const materials = await materialsFor(keyring, options)
  try {
    return store(materials, fields, options)
  } finally {
    materials.destroy()
  }
}

export async function decryptionMaterialsFor(
  keyring: Keyring,
  header: StructureHeader,
  options: Options = {},
): Promise<DecryptionMaterials> {
  const { backend = nodeBackend, encryptionContext = boundTo } = options
  return new DefaultCmm({ keyring, backend }).decryptMaterials({
    algorithmSuite: header.suite,
    commitmentPolicy,
    encryptedDataKeys: header.encryptedDataKeys,
    encryptionContext: header.encryptionContext,
    reproducedEncryptionContext: encryptionContext,
  })
}

/** Decrypts what is stored under materials that are there already. */
export function open(
  materials: DecryptionMaterials,
  { header: bytes, footer, fields: stored }: Stored,
  options: Options = {},
) {
  const { backend = nodeBackend, tableName: table = tableName } = options
  const header = parseHeader(bytes)
  const fields = resolveActions(header, stored)
  const structure = { tableName: table, fields, footer }
  return decryptStructure(backend, materials, header, structure)
}

/** By name, the fields as they were before the encryption. */
export async function decrypt(keyring: Keyring, stored: Stored, options: Options = {}) {
  const header = parseHeader(stored.header)
  const materials = await decryptionMaterialsFor(keyring, header, options)
  try {
    const decrypted = open(materials, stored, options)
    return new Map(
      stored.fields.map(({ name, typeId, value }) => {
        const terminal = decrypted.get(name) ?? { typeId, value }
        return [name, { typeId: terminal.typeId, value: Buffer.from(terminal.value) }]
      }),
    )
  } finally {
    materials.destroy()
  }
}

/** What {@link decrypt} should return for these. */
export function plain(fields: readonly Field[]) {
  return new Map(
    fields.map(({ name, typeId, value }) => [name, { typeId, value: Buffer.from(value) }]),
  )
}

/** The bytes with one bit changed. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = new Uint8Array(bytes)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}
