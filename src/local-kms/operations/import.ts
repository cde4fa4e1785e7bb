import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { DAY_MS } from '../due-changes.ts'
import type { Environment } from '../environment.ts'
import { openImportToken, sealImportToken, wrappingAlgorithms } from '../import-token.ts'
import { manageable, requireState } from '../key-checks.ts'
import { bytesOfKey, generateKey, keyFromBytes, withoutImportedMaterial } from '../key-material.ts'
import { KmsError } from '../kms-error.ts'
import { blob, keyId } from '../members.ts'
import type { KeyRecord } from '../records.ts'
import { resolveKeyButNoAlias } from '../resolve-key.ts'
import { unwrapMaterial } from '../unwrap-material.ts'
import { operation, type Answer } from './operation.ts'

const TOKEN_LIFETIME_MS = DAY_MS
const MAX_MATERIAL_LIFETIME_MS = 365 * DAY_MS

export const GetParametersForImport = operation(
  z.object({
    KeyId: keyId,
    WrappingAlgorithm: z.enum([...wrappingAlgorithms, 'RSAES_PKCS1_V1_5', 'SM2PKE']),
    WrappingKeySpec: z.enum(['RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2']),
  }),
  async ({ KeyId, WrappingAlgorithm, WrappingKeySpec }, { store, scope, clock }) => {
    const key = resolveKeyButNoAlias(store, scope, KeyId)
    requireImportable(key)
    if (WrappingAlgorithm === 'RSAES_PKCS1_V1_5' || WrappingAlgorithm === 'SM2PKE') {
      throw cannotWrap(`WrappingAlgorithm ${WrappingAlgorithm}`)
    }
    if (WrappingKeySpec === 'SM2') throw cannotWrap(`WrappingKeySpec ${WrappingKeySpec}`)
    const wrappingKey = await generateKey(WrappingKeySpec)
    const validTo = clock.now() + TOKEN_LIFETIME_MS
    const token = {
      keyArn: key.arn,
      algorithm: WrappingAlgorithm,
      validTo,
      wrappingKey: bytesOfKey(wrappingKey).toString('base64'),
    }
    const publicKey = createPublicKey(wrappingKey).export({ format: 'der', type: 'spki' })
    return {
      KeyId: key.arn,
      ImportToken: sealImportToken(token, store.importTokenKey).toString('base64'),
      PublicKey: publicKey.toString('base64'),
      ParametersValidTo: validTo / 1000,
    }
  },
)

const importRequest = z.object({
  KeyId: keyId,
  ImportToken: blob(6144),
  EncryptedKeyMaterial: blob(6144),
  ExpirationModel: z
    .enum(['KEY_MATERIAL_EXPIRES', 'KEY_MATERIAL_DOES_NOT_EXPIRE'])
    .default('KEY_MATERIAL_EXPIRES'),
  /** Seconds since the epoch. */
  ValidTo: z.number().optional(),
  ImportType: z.enum(['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL']).optional(),
  KeyMaterialId: z.string().length(64).optional(),
  KeyMaterialDescription: z
    .string()
    .min(1)
    .max(256)
    .regex(
      /^[a-zA-Z0-9:/_\s.-]+$/,
      'Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_\\s.-]+$',
    )
    .optional(),
})

export const ImportKeyMaterial = operation(importRequest, async (input, environment) => {
  const { store, scope, clock } = environment
  const target = resolveKeyButNoAlias(store, scope, input.KeyId)
  requireImportable(target)
  const expiresAt = expiryOf(input, clock.now())
  const bytes = unwrap(target, input, environment)
  const material = keyFromBytes(target.spec, bytes)
  if (!material) {
    throw incorrectMaterial(`The key material is not that of a key of the spec ${target.spec}.`)
  }
  const id = materialIdOf(target, material)
  await store.changeKey(target, (key) => {
    requireImportable(key)
    requireExpectedMaterial(key, id, input)
    // Of the same material, it stays what it was where the request has none.
    const description = input.KeyMaterialDescription ?? key.materials[0]?.description
    const isPending = key.state.name === 'PendingImport'
    return {
      ...key,
      state: isPending ? { name: 'Enabled' } : key.state,
      materials: [{ id, key: material, rotation: undefined, expiresAt, description }],
    }
  })
  return importAnswer(target, id)
})

export const DeleteImportedKeyMaterial = operation(
  z.object({ KeyId: keyId, KeyMaterialId: z.string().length(64).optional() }),
  async ({ KeyId, KeyMaterialId }, { store, scope }) => {
    const target = resolveKeyButNoAlias(store, scope, KeyId)
    requireExternal(target)
    await store.changeKey(target, (key) => {
      const [material] = key.materials
      if (KeyMaterialId !== undefined && material?.id !== KeyMaterialId) {
        throw new KmsError(
          'NotFoundException',
          `${key.arn} has no key material with the id ${KeyMaterialId}.`,
        )
      }
      return withoutImportedMaterial(key)
    })
    return importAnswer(target, target.materials[0]?.id)
  },
)

function unwrap(
  { arn }: KeyRecord,
  { ImportToken, EncryptedKeyMaterial }: z.output<typeof importRequest>,
  { store, clock }: Environment,
): Buffer {
  const token = openImportToken(ImportToken, store.importTokenKey)
  if (token?.keyArn !== arn) {
    throw new KmsError('InvalidImportTokenException', `The import token is not one of ${arn}.`)
  }
  if (clock.now() >= token.validTo) {
    throw new KmsError('ExpiredImportTokenException', 'The import token has expired.')
  }
  const wrappingKey = createPrivateKey({
    key: Buffer.from(token.wrappingKey, 'base64'),
    format: 'der',
    type: 'pkcs8',
  })
  return unwrapMaterial(EncryptedKeyMaterial, token.algorithm, wrappingKey)
}

function expiryOf(
  { ExpirationModel, ValidTo }: z.output<typeof importRequest>,
  now: number,
): number | undefined {
  if (ExpirationModel === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (ValidTo === undefined) return undefined
    throw invalid('A validTo date cannot be specified with KEY_MATERIAL_DOES_NOT_EXPIRE.')
  }
  if (ValidTo === undefined) {
    throw invalid('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES.')
  }
  const expiresAt = Math.floor(ValidTo * 1000)
  if (expiresAt > now && expiresAt <= now + MAX_MATERIAL_LIFETIME_MS) return expiresAt
  throw invalid('ValidTo must be in the future, and no more than 365 days ahead.')
}

/** A key has one material for ever: what it has encrypted would be lost under another one. */
function requireExpectedMaterial(
  { arn, materials: [known], multiRegion }: KeyRecord,
  id: string,
  { ImportType, KeyMaterialId }: z.output<typeof importRequest>,
): void {
  if (known && ImportType === 'NEW_KEY_MATERIAL') {
    throw new KmsError(
      'UnsupportedOperationException',
      `LocalKms does not support a second key material in a key with imported key material: ${arn}.`,
    )
  }
  if (!known && (multiRegion === 'REPLICA' || ImportType === 'EXISTING_KEY_MATERIAL')) {
    throw incorrectMaterial(`No key material has been imported into ${arn} yet.`)
  }
  if (known && known.id !== id) {
    throw incorrectMaterial(`The key material is not the one that ${arn} had before.`)
  }
  if (KeyMaterialId !== undefined && KeyMaterialId !== id) {
    throw incorrectMaterial('The key material is not the one that KeyMaterialId names.')
  }
}

function requireImportable(key: KeyRecord): void {
  requireExternal(key)
  requireState(key, ...manageable)
}

function requireExternal({ arn, origin }: KeyRecord): void {
  if (origin === 'EXTERNAL') return
  throw new KmsError(
    'UnsupportedOperationException',
    `${arn} origin is ${origin} which is not valid for this operation.`,
  )
}

/**
 * Of the key id and the material, as in KMS: the same in every region. It outlives the material, and
 * from 32 random bytes nobody gets back by its hash.
 */
function materialIdOf({ id }: KeyRecord, material: KeyObject): string {
  return createHash('sha256')
    .update(`waxseal-local-kms imported material of ${id}:`)
    .update(bytesOfKey(material))
    .digest('hex')
}

function importAnswer({ arn, spec }: KeyRecord, id: string | undefined): Answer {
  const isNamed = spec === 'SYMMETRIC_DEFAULT' && id !== undefined
  return { KeyId: arn, ...(isNamed && { KeyMaterialId: id }) }
}

function cannotWrap(what: string): KmsError {
  return new KmsError('UnsupportedOperationException', `LocalKms does not support ${what}.`)
}

function incorrectMaterial(message: string): KmsError {
  return new KmsError('IncorrectKeyMaterialException', message)
}

function invalid(message: string): KmsError {
  return new KmsError('ValidationException', message)
}
