import {
  createSecretKey,
  generateKeyPair as generateKeyPairByCallback,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { KmsError } from './kms-error.ts'
import { factsOf, type KeySpec } from './key-specs.ts'
import { ecPrivateKey, rsaPrivateKey } from './private-key-der.ts'
import type { KeyMaterial, KeyRecord } from './records.ts'

/** Off the event loop: an RSA key of 4,096 bits can take seconds. */
const generateKeyPair = promisify(generateKeyPairByCallback)

export async function generateKey(spec: KeySpec): Promise<KeyObject> {
  const facts = factsOf(spec)
  switch (facts.kind) {
    case 'symmetric':
      return createSecretKey(randomBytes(32))
    case 'hmac':
      return createSecretKey(randomBytes(facts.lengths.made))
    case 'rsa':
      return (await generateKeyPair('rsa', { modulusLength: facts.modulusLength })).privateKey
    case 'ecc':
      return (await generateKeyPair('ec', { namedCurve: facts.curve })).privateKey
  }
}

export function newMaterial(
  key: KeyObject,
  rotation?: NonNullable<KeyMaterial['rotation']>,
): KeyMaterial {
  return {
    id: randomBytes(32).toString('hex'),
    key,
    rotation,
    expiresAt: undefined,
    description: undefined,
  }
}

/** A symmetric key's materials with a new one, which is current from then on. */
export function rotated(
  { materials }: KeyRecord,
  rotation: NonNullable<KeyMaterial['rotation']>,
): readonly KeyMaterial[] {
  return [...materials, newMaterial(createSecretKey(randomBytes(32)), rotation)]
}

/**
 * The key as it is before an import, but for the ids of its materials, by which it knows the same
 * material when it comes again. Nothing keeps the key itself: this is its cryptographic erasure.
 */
export function withoutImportedMaterial(key: KeyRecord): KeyRecord {
  const isWaiting = key.state.name === 'Enabled' || key.state.name === 'Disabled'
  return {
    ...key,
    state: isWaiting ? { name: 'PendingImport' } : key.state,
    materials: key.materials.map((material) => ({
      ...material,
      key: undefined,
      expiresAt: undefined,
    })),
  }
}

/** What a key works with now. */
export function currentMaterial(key: KeyRecord): KeyMaterial & { readonly key: KeyObject } {
  return present(key, key.materials.at(-1))
}

/** What a ciphertext was made with; `id` is undefined in ciphertexts from before there was rotation. */
export function materialNamed(
  key: KeyRecord,
  id: string | undefined,
): KeyMaterial & { readonly key: KeyObject } {
  const material =
    id === undefined ? key.materials[0] : key.materials.find((candidate) => candidate.id === id)
  if (!material) throw new KmsError('InvalidCiphertextException')
  return present(key, material)
}

function present(key: KeyRecord, material: KeyMaterial | undefined) {
  if (material?.key) return { ...material, key: material.key }
  throw new KmsError('KMSInvalidStateException', `${key.arn} is pending import.`)
}

/** A secret key's own bytes; a private key as PKCS #8 in DER. */
export function bytesOfKey(key: KeyObject): Buffer {
  return key.type === 'secret' ? key.export() : key.export({ format: 'der', type: 'pkcs8' })
}

/** The opposite of {@link bytesOfKey}; undefined where the bytes are no key of that spec. */
export function keyFromBytes(spec: KeySpec, bytes: Buffer): KeyObject | undefined {
  const facts = factsOf(spec)
  switch (facts.kind) {
    case 'symmetric':
      return bytes.length === 32 ? createSecretKey(bytes) : undefined
    case 'hmac': {
      const { min, max } = facts.lengths
      return bytes.length >= min && bytes.length <= max ? createSecretKey(bytes) : undefined
    }
    case 'rsa':
      return rsaPrivateKey(facts.modulusLength, bytes)
    case 'ecc':
      return ecPrivateKey(facts.curve, bytes)
  }
}
