import { describe, expect, it } from 'vitest'
import {
  type AlgorithmSuite,
  type AlgorithmSuiteName,
  type CommitmentPolicy,
  EnvelopeClient,
  algorithmSuites,
  inspectMessage,
} from '../../../src/index.ts'
import { staticKeyring } from '../../support/static-keyring.ts'

const all = Object.values(algorithmSuites)
const committing = all.filter(({ commitment }) => commitment)
const others = all.filter(({ commitment }) => !commitment)
const keyring = staticKeyring(Buffer.alloc(32, 1))

const clientOf = (commitmentPolicy: CommitmentPolicy) =>
  new EnvelopeClient({ keyring, commitmentPolicy })

/** Messages of a suite, written by whoever may write them. */
async function messageOf({ name, commitment }: AlgorithmSuite): Promise<Uint8Array> {
  const client = clientOf(
    commitment ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT' : 'FORBID_ENCRYPT_ALLOW_DECRYPT',
  )
  return (await client.encrypt('text', { algorithmSuite: name })).ciphertext
}

describe('the table of suites', () => {
  // framework/algorithm-suites.md, "Supported Algorithm Suites"
  it('has the eleven of the specification', () => {
    expect(all.map(({ id }) => id)).toEqual([
      0x0014, 0x0046, 0x0078, 0x0114, 0x0146, 0x0178, 0x0214, 0x0346, 0x0378, 0x0478, 0x0578,
    ])
  })

  it('is frozen, and each entry is found under its own name', () => {
    expect(Object.isFrozen(algorithmSuites)).toBe(true)
    for (const [name, suite] of Object.entries(algorithmSuites)) {
      expect(Object.isFrozen(suite)).toBe(true)
      expect(suite.name).toBe(name)
    }
  })

  it.each(all)('$name is as its name says', (suite) => {
    const { name } = suite
    expect(suite.keyLength).toBe(Number(/AES_(\d+)/.exec(name)?.[1]) / 8)
    expect(suite.kdfHash).toBe(/HKDF_(SHA\d+)/.exec(name)?.[1]?.toLowerCase())
    expect(suite.commitment).toBe(name.includes('COMMIT_KEY'))
    expect(suite.messageVersion).toBe(suite.commitment ? 2 : 1)
    expect(suite.signature?.curve).toBe(/ECDSA_(P\d+)/.exec(name)?.[1]?.replace('P', 'P-'))
  })
})

// framework/commitment-policy.md: what each policy writes, reads, and takes by itself.
const policies: readonly (readonly [
  policy: CommitmentPolicy,
  writes: readonly AlgorithmSuite[],
  reads: readonly AlgorithmSuite[],
  byDefault: AlgorithmSuiteName,
])[] = [
  [
    'FORBID_ENCRYPT_ALLOW_DECRYPT',
    others,
    all,
    'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384',
  ],
  [
    'REQUIRE_ENCRYPT_ALLOW_DECRYPT',
    committing,
    all,
    'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
  ],
  [
    'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
    committing,
    committing,
    'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
  ],
]

describe.each(policies)('under %s', (policy, writes, reads, byDefault) => {
  const client = clientOf(policy)

  it.each(all)('encrypts with $name, or refuses it', async (suite) => {
    const encrypting = client.encrypt('text', { algorithmSuite: suite.name })
    if (writes.includes(suite)) {
      expect(inspectMessage((await encrypting).ciphertext).algorithmSuite).toBe(suite.name)
    } else {
      await expect(encrypting).rejects.toMatchObject({ code: 'ERR_COMMITMENT_POLICY' })
      await expect(encrypting).rejects.toThrow(/commitmentPolicy/)
      expect(() => client.encryptStream({ algorithmSuite: suite.name })).toThrow(/commitmentPolicy/)
    }
  })

  it.each(all)('decrypts $name, or refuses it', async (suite) => {
    const decrypting = client.decrypt(await messageOf(suite))
    if (reads.includes(suite)) {
      expect(Buffer.from((await decrypting).plaintext).toString()).toBe('text')
    } else {
      await expect(decrypting).rejects.toMatchObject({ code: 'ERR_COMMITMENT_POLICY' })
      await expect(decrypting).rejects.toThrow(/REQUIRE_ENCRYPT_ALLOW_DECRYPT/)
    }
  })

  it('takes its default', async () => {
    expect((await client.encrypt('text')).header.algorithmSuite).toBe(byDefault)
  })
})

it('without a policy, commitment is required both ways', async () => {
  const client = new EnvelopeClient({ keyring })
  const [old] = others
  if (!old) throw new Error('no such suite')
  await expect(client.encrypt('text', { algorithmSuite: old.name })).rejects.toMatchObject({
    code: 'ERR_COMMITMENT_POLICY',
  })
  await expect(client.decrypt(await messageOf(old))).rejects.toMatchObject({
    code: 'ERR_COMMITMENT_POLICY',
  })
})
