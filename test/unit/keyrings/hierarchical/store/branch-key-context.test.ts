import { describe, expect, it } from 'vitest'
import {
  contextDigest,
  contextOf,
  customContextOf,
  kmsContextOf,
} from '../../../../../src/keyrings/hierarchical/store/branch-key-context.ts'

// The contexts and digests of AWS's own test of hierarchy version 2 (TestHvUtils.dfy).
const common = {
  'kms-arn': 'arn:aws:kms:us-west-2:370957321024:key/9d989aa2-2f9c-438c-a745-cc57d3ad0126',
  'hierarchy-version': '2',
  'create-time': '2025-04-17T07:32:03.000429Z',
  'aws-crypto-ec:Robbie': 'is a dog',
}
const branchKeyId = '9747c15f-629e-42c0-aeaf-46f70a0952c4'
const version = 'branch:version:dfb80b71-8e80-4d74-8ac0-0e940533219e'

describe('the digest of hierarchy version 2', () => {
  it.each([
    [
      'branch:ACTIVE',
      { ...common, version },
      '36cc88c7cd9299363da928f78b5c043d25f4e937597f6b0d552e7a14b9a194c3bb6ba97eb3f9e53f47968751baccba29',
    ],
    [
      version,
      common,
      '6dba452d683736bf878fb0552f3e148dfde47c0b4cdfc34f418163bdb301fb90ddc5bde26a84a8847109c751af759015',
    ],
    [
      'beacon:ACTIVE',
      common,
      '140f00fb646236df5c833c3c128c97123a827b0b919b2ec20b20d9c44fd56494b84cb3ffb345f46246531da53b3c7826',
    ],
  ] as const)("of %s is that of AWS's library", (type, attributes, digest) => {
    const context = contextOf({ branchKeyId, type, attributes }, 'KeyStoreDdbTable')
    expect(Buffer.from(contextDigest(context)).toString('hex')).toBe(digest)
  })
})

describe('the encryption context of KMS', () => {
  const record = { branchKeyId, type: 'beacon:ACTIVE', attributes: common } as const
  const context = contextOf(record, 'keys')

  it('has every attribute under hierarchy version 1', () => {
    expect(kmsContextOf(context, 1)).toEqual({
      ...common,
      'branch-key-id': branchKeyId,
      type: 'beacon:ACTIVE',
      tablename: 'keys',
    })
  })

  it('has the custom pairs alone under version 2, as they were given', () => {
    expect(kmsContextOf(context, 2)).toEqual({ Robbie: 'is a dog' })
    expect(customContextOf(context)).toEqual({ Robbie: 'is a dog' })
  })
})
