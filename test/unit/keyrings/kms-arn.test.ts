import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  inRegion,
  isMultiRegionKey,
  kmsIdentifierKind,
  matchesForDecrypt,
  parseKmsArn,
} from '../../../src/keyrings/kms/arn.ts'
import { seed } from '../../properties/arbitraries.ts'

const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const mrkArn = 'arn:aws:kms:us-east-1:111122223333:key/mrk-4321abcd12ab34cd56ef1234567890ab'
const aliasArn = 'arn:aws:kms:us-east-1:111122223333:alias/orders'

// framework/aws-kms/aws-kms-key-arn.md, "A valid AWS KMS ARN"
describe('a KMS ARN', () => {
  it('has these parts', () => {
    expect(parseKmsArn(mrkArn)).toEqual({
      partition: 'aws',
      region: 'us-east-1',
      account: '111122223333',
      resourceType: 'key',
      resourceId: 'mrk-4321abcd12ab34cd56ef1234567890ab',
    })
  })

  it.each([
    ['a key', keyArn, 'key', '1234abcd-12ab-34cd-56ef-1234567890ab'],
    ['an alias', aliasArn, 'alias', 'orders'],
    ['a slash in the resource id', `${aliasArn}/2024/a`, 'alias', 'orders/2024/a'],
    ['a slash right after the first', `${keyArn.split('/')[0]}//a`, 'key', '/a'],
    ['an account of any text', keyArn.replace('111122223333', 'x'), 'key', undefined],
    ['another partition', keyArn.replace(':aws:', ':aws-cn:'), 'key', undefined],
  ])('can be of %s', (_, text, resourceType, resourceId) => {
    expect(parseKmsArn(text)).toMatchObject({
      resourceType,
      resourceId: resourceId ?? expect.any(String),
    })
  })

  it.each([
    ['no text', ''],
    ['a key id', 'mrk-4321abcd12ab34cd56ef1234567890ab'],
    ['an alias name', 'alias/orders'],
    ['another start', keyArn.replace('arn:', 'ARN:')],
    ['no partition', keyArn.replace(':aws:', '::')],
    ['another service', keyArn.replace(':kms:', ':s3:')],
    ['no service', keyArn.replace(':kms:', '::')],
    ['no region', keyArn.replace('us-east-1', '')],
    ['no account', keyArn.replace('111122223333', '')],
    ['no resource', 'arn:aws:kms:us-east-1:111122223333:'],
    ['a part too few', 'arn:aws:kms:us-east-1:111122223333'],
    ['a part too many', `${keyArn}:more`],
    ['no slash', keyArn.replace('key/', 'key')],
    ['a colon for the slash', keyArn.replace('key/', 'key:')],
    ['no resource type', keyArn.replace('key/', '/')],
    ['no resource id', `${keyArn.split('/')[0]}/`],
    ['another resource type', keyArn.replace('key/', 'grant/')],
    ['a resource type in upper case', keyArn.replace('key/', 'KEY/')],
  ])('is not what has %s', (_, text) => {
    expect(parseKmsArn(text)).toBeUndefined()
  })
})

// framework/aws-kms/aws-kms-key-arn.md, "A valid AWS KMS identifier"
describe('a KMS identifier', () => {
  it.each([
    [keyArn, 'key ARN'],
    [mrkArn, 'key ARN'],
    [aliasArn, 'alias ARN'],
    ['alias/orders', 'alias name'],
    ['alias/mrk-orders', 'alias name'],
    ['1234abcd-12ab-34cd-56ef-1234567890ab', 'key id'],
    ['mrk-4321abcd12ab34cd56ef1234567890ab', 'key id'],
    ['', undefined],
    ['alias/', undefined],
    ['a key', undefined],
    ['arn:aws:kms', undefined],
    ['arn:aws:s3:us-east-1:111122223333:key/k', undefined],
    ['aws:kms:us-east-1:111122223333:key/k', undefined],
  ])('%j is: %s', (identifier, kind) => {
    expect(kmsIdentifierKind(identifier)).toBe(kind)
  })
})

// framework/aws-kms/aws-kms-key-arn.md, "Identifying an an AWS KMS multi-Region ARN"
describe('a multi-Region key', () => {
  it.each([
    ['a key named mrk-', mrkArn, true],
    ['a key named otherwise', keyArn, false],
    ['a key with mrk- further back', `${keyArn}-mrk-`, false],
    ['a key named MRK-', mrkArn.replace('mrk-', 'MRK-'), false],
    ['an alias named mrk-', aliasArn.replace('orders', 'mrk-orders'), false],
  ])('%s: %s', (_, text, expected) => {
    const arn = parseKmsArn(text)
    expect.assert(arn)
    expect(isMultiRegionKey(arn)).toBe(expected)
  })

  it('has the same ARN in another region, but for the region', () => {
    const arn = parseKmsArn(mrkArn.replace(':aws:', ':aws-us-gov:'))
    expect.assert(arn)
    expect(inRegion(arn, 'us-gov-west-1')).toBe(
      'arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-4321abcd12ab34cd56ef1234567890ab',
    )
  })
})

// framework/aws-kms/aws-kms-mrk-match-for-decrypt.md
describe('the match for decrypt', () => {
  const mrkAlias = aliasArn.replace('orders', 'mrk-orders')
  const elsewhere = (text: string) => text.replace('us-east-1', 'eu-west-1')

  it.each([
    ['the same key', keyArn, keyArn, true],
    ['the same multi-Region key', mrkArn, mrkArn, true],
    ['two replicas', mrkArn, elsewhere(mrkArn), true],
    ['a key id in two regions', keyArn, elsewhere(keyArn), false],
    ['two keys of one region', keyArn, mrkArn, false],
    ['two multi-Region keys', mrkArn, `${mrkArn}0`, false],
    ['another account', mrkArn, mrkArn.replace('111122223333', '444455556666'), false],
    ['another partition', mrkArn, mrkArn.replace(':aws:', ':aws-cn:'), false],
    ['an alias named mrk- in two regions', mrkAlias, elsewhere(mrkAlias), false],
    ['an alias named as the key', mrkArn, mrkArn.replace('key/', 'alias/'), false],
    ['the bare key id', 'mrk-4321abcd12ab34cd56ef1234567890ab', mrkArn, false],
    ['what is no ARN', 'mrk-x', elsewhere('mrk-x:us-east-1'), false],
  ])('of %s', (_, configured, found, expected) => {
    expect(matchesForDecrypt(configured, found)).toBe(expected)
    expect(matchesForDecrypt(found, configured)).toBe(expected)
  })

  const ids = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,6}$/)
  const arns = fc.record({
    partition: fc.constantFrom('aws', 'aws-cn'),
    region: fc.constantFrom<string>('us-east-1', 'eu-west-1'),
    account: fc.constantFrom('111122223333', '444455556666'),
    type: fc.constantFrom('key', 'alias'),
    prefix: fc.constantFrom('mrk-', ''),
    id: fc.oneof(fc.constantFrom('a', 'b'), ids),
  })
  type Parts = typeof arns extends fc.Arbitrary<infer T> ? T : never
  const textOf = ({ partition, region, account, type, prefix, id }: Parts) =>
    `arn:${partition}:kms:${region}:${account}:${type}/${prefix}${id}`
  const runs = { seed, numRuns: 500 }

  it('holds for any ARN and itself', () => {
    const property = fc.property(arns, (parts) => matchesForDecrypt(textOf(parts), textOf(parts)))
    fc.assert(property, runs)
  })

  it('is the same in both directions', () => {
    const property = fc.property(arns, arns, (a, b) => {
      expect(matchesForDecrypt(textOf(a), textOf(b))).toBe(matchesForDecrypt(textOf(b), textOf(a)))
    })
    fc.assert(property, runs)
  })

  it('never depends on the region of a multi-Region key, and on that of all else', () => {
    const property = fc.property(
      arns,
      fc.constantFrom<string>('ap-south-1', 'x'),
      (parts, region) => {
        const isMultiRegion = parts.type === 'key' && textOf(parts).includes('key/mrk-')
        const other = textOf({ ...parts, region })
        expect(matchesForDecrypt(textOf(parts), other)).toBe(isMultiRegion)
      },
    )
    fc.assert(property, runs)
  })

  it('depends on every other part', () => {
    const parts = ['partition', 'account', 'type', 'prefix', 'id'] as const
    const property = fc.property(arns, arns, fc.constantFrom(...parts), (a, b, part) => {
      fc.pre(a[part] !== b[part])
      const other = { ...a, [part]: b[part] }
      fc.pre(textOf(other) !== textOf(a))
      expect(matchesForDecrypt(textOf(a), textOf(other))).toBe(false)
    })
    fc.assert(property, runs)
  })
})
