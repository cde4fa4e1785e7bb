import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListAliasesCommand,
  ListKeysCommand,
  NotFoundException,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { clientIn, containing, raw, rejection, start, target } from './harness.ts'

const Plaintext = Buffer.from('sealed with wax')

async function startInTwoRegions() {
  const { kms, client: east } = await start()
  return { kms, east, west: clientIn(kms, 'us-west-2') }
}

describe('the region of the signature', () => {
  it('is the region of the ARNs', async () => {
    const { west } = await startInTwoRegions()
    const { KeyMetadata } = await west.send(new CreateKeyCommand({}))
    expect(KeyMetadata?.Arn).toMatch(/^arn:aws:kms:us-west-2:000000000000:key\//)
  })

  it('shows its own keys and aliases and no others', async () => {
    const { kms, east, west } = await startInTwoRegions()
    const alias = 'alias/orders'
    const eastArn = await kms.createKey({ alias })
    const westArn = await kms.createKey({ alias, region: 'us-west-2' })
    for (const [client, arn] of [
      [east, eastArn],
      [west, westArn],
    ] as const) {
      const { Keys } = await client.send(new ListKeysCommand({}))
      expect(Keys?.map(({ KeyArn }) => KeyArn)).toEqual([arn])
      const { Aliases } = await client.send(new ListAliasesCommand({}))
      expect(Aliases).toHaveLength(1)
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: alias }))
      expect(KeyMetadata?.Arn).toBe(arn)
    }
    const elsewhere = await rejection(west.send(new DescribeKeyCommand({ KeyId: eastArn })))
    expect(elsewhere).toBeInstanceOf(NotFoundException)
    const AliasName = 'alias/mine'
    const aliasing = west.send(new CreateAliasCommand({ AliasName, TargetKeyId: eastArn }))
    expect(await rejection(aliasing)).toBeInstanceOf(NotFoundException)
  })

  it('is where a ciphertext of one region must be opened', async () => {
    const { kms, east, west } = await startInTwoRegions()
    const KeyId = await kms.createKey({ region: 'us-west-2' })
    const { CiphertextBlob } = await west.send(new EncryptCommand({ KeyId, Plaintext }))
    const opened = await west.send(new DecryptCommand({ CiphertextBlob }))
    expect(opened.Plaintext).toEqual(new Uint8Array(Plaintext))
    expect(await rejection(east.send(new DecryptCommand({ CiphertextBlob })))).toMatchObject({
      name: 'AccessDeniedException',
      message: containing('does not exist in this region'),
    })
  })

  const scope = (region: string) =>
    `AWS4-HMAC-SHA256 Credential=AKID/20260102/${region}/kms/aws4_request, SignedHeaders=host, Signature=00`

  it.each([
    ['none', undefined],
    ['another way to sign', 'Bearer us-west-2'],
    ['a scope cut short', 'AWS4-HMAC-SHA256 Credential=AKID/20260102/us-west-2, Signature=00'],
    ['a date that is none', scope('us-west-2').replace('20260102', 'today')],
  ])('is the preset one with %s', async (_, authorization) => {
    const { kms } = await start({ region: 'eu-central-1' })
    const headers = { ...target('CreateKey'), ...(authorization && { authorization }) }
    const { json } = await raw(kms, '{}', headers)
    expect(JSON.stringify(json)).toContain('arn:aws:kms:eu-central-1:')
  })

  it.each(['moon', 'us-east', 'US-EAST-1', 'us-east-1:0', 'a'.repeat(40) + '-b-1'])(
    'is refused where there is no region %s',
    async (region) => {
      const { kms } = await start()
      const headers = { ...target('ListKeys'), authorization: scope(region) }
      const { status, json } = await raw(kms, '{}', headers)
      expect(status).toBe(400)
      expect(json).toMatchObject({
        __type: 'InvalidSignatureException',
        message: containing('valid region'),
      })
    },
  )

  it('serves those that AWS has, and those to come', async () => {
    const { kms } = await start()
    for (const region of ['ap-southeast-7', 'us-gov-west-1', 'us-iso-east-1', 'eusc-de-east-1']) {
      expect(await kms.createKey({ region })).toContain(`:${region}:`)
      const headers = { ...target('ListKeys'), authorization: scope(region) }
      expect((await raw(kms, '{}', headers)).status).toBe(200)
    }
  })
})

describe('a region as an argument', () => {
  it('is the one of the client configuration', async () => {
    const { kms } = await start()
    expect(kms.clientConfig('eu-west-1')).toEqual({ ...kms.clientConfig(), region: 'eu-west-1' })
  })

  it('must be one', async () => {
    const { kms } = await start()
    const wrong = expect.objectContaining({ field: 'region', message: containing('us-east-1') })
    expect(() => kms.clientConfig('moon')).toThrow(wrong)
    const error = await rejection(kms.createKey({ region: 'moon' }))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toEqual(wrong)
  })
})
