import { describe, expect, it } from 'vitest'
import { checkEncryptionMaterials } from '../../../src/cmm/cmm.ts'
import { DefaultCmm } from '../../../src/index.ts'
import { parseHeader } from '../../../src/structured/header.ts'
import { failure } from '../../support/materials.ts'
import {
  boundTo,
  decryptionMaterialsFor,
  field,
  materialsFor,
  open,
  severalKeys,
  signed,
  store,
  unsigned,
} from './harness.ts'

const fields = [field('id', 'SIGN_ONLY'), field('card', 'ENCRYPT_AND_SIGN')]
const { keyring } = severalKeys(2)
const commitmentPolicy = 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
const publicKey = 'aws-crypto-public-key'

describe('materials of a CMM of the application’s', () => {
  it('with fewer HMAC keys than encrypted data keys encrypt nothing', async () => {
    const materials = await materialsFor(keyring)
    const [first] = materials.symmetricSigningKeys
    Object.defineProperty(materials, 'symmetricSigningKeys', { value: [first] })
    expect((await failure(() => store(materials, fields))).code).toBe('ERR_NO_DATA_KEY')
    const checked = await failure(() => {
      checkEncryptionMaterials(materials)
    })
    expect(checked.code).toBe('ERR_NO_DATA_KEY')
  })

  it('for another suite than the header’s decrypt nothing, or a signature could be skipped', async () => {
    const written = await materialsFor(keyring, { suite: signed })
    const stored = store(written, fields)
    const materials = await decryptionMaterialsFor(keyring, parseHeader(stored.header))
    expect(open(materials, stored).size).toBe(1)
    Object.defineProperty(materials, 'suite', { value: unsigned })
    const error = await failure(() => open(materials, stored))
    expect(error.code).toBe('ERR_UNKNOWN_ALGORITHM_SUITE')
  })
})

describe('the verification key of an item', () => {
  it('cannot be required, since the item has to store it', async () => {
    const error = await failure(() =>
      new DefaultCmm({ keyring }).getEncryptionMaterials({
        encryptionContext: boundTo,
        requiredContextKeys: [publicKey],
        commitmentPolicy,
        algorithmSuite: signed,
      }),
    )
    expect(error.code).toBe('ERR_ENCRYPTION_CONTEXT')
  })

  it('is not taken from who decrypts', async () => {
    const written = await materialsFor(keyring, { suite: signed })
    const error = await failure(() =>
      new DefaultCmm({ keyring }).decryptMaterials({
        algorithmSuite: signed,
        commitmentPolicy,
        encryptedDataKeys: written.encryptedDataKeys,
        encryptionContext: {},
        reproducedEncryptionContext: written.encryptionContext,
      }),
    )
    expect(error.code).toBe('ERR_ENCRYPTION_CONTEXT_MISMATCH')
    expect(error.message).toMatch(/the item has to have, is not in it/)
  })
})

it('a suite that is known by its id alone is named in errors', async () => {
  const algorithmSuite = { id: unsigned.id } as typeof unsigned
  const error = await failure(() =>
    new DefaultCmm({ keyring }).getEncryptionMaterials({
      encryptionContext: {},
      commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT',
      algorithmSuite,
    }),
  )
  expect(error.code).toBe('ERR_COMMITMENT_POLICY')
  expect(error.message).toContain(unsigned.name)
})
