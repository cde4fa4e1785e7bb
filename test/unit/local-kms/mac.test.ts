import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisabledException,
  DisableKeyCommand,
  DryRunOperationException,
  GenerateMacCommand,
  InvalidKeyUsageException,
  KMSInvalidMacException,
  ReplicateKeyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { clientIn, rejection, start } from './harness.ts'

const Message = Buffer.from('sealed with wax')
const KeyUsage = 'GENERATE_VERIFY_MAC' as const

async function startWithKey(KeySpec: 'HMAC_224' | 'HMAC_256' | 'HMAC_384' | 'HMAC_512') {
  const { kms, client } = await start()
  const made = await client.send(new CreateKeyCommand({ KeySpec, KeyUsage, MultiRegion: true }))
  return { kms, client, KeyId: made.KeyMetadata?.Arn ?? '' }
}

describe('an HMAC key', () => {
  it.each([
    ['HMAC_224', 'HMAC_SHA_224', 28],
    ['HMAC_256', 'HMAC_SHA_256', 32],
    ['HMAC_384', 'HMAC_SHA_384', 48],
    ['HMAC_512', 'HMAC_SHA_512', 64],
  ] as const)('%s makes MACs and knows them again', async (spec, MacAlgorithm, length) => {
    const { client, KeyId } = await startWithKey(spec)
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({
      KeySpec: spec,
      KeyUsage,
      MacAlgorithms: [MacAlgorithm],
    })
    expect(KeyMetadata).not.toHaveProperty('EncryptionAlgorithms')
    const made = await client.send(new GenerateMacCommand({ KeyId, Message, MacAlgorithm }))
    expect(made).toMatchObject({ KeyId, MacAlgorithm })
    const { Mac = new Uint8Array() } = made
    expect(Mac).toHaveLength(length)
    const verify = (change: object) =>
      client.send(new VerifyMacCommand({ KeyId, Message, MacAlgorithm, Mac, ...change }))
    expect(await verify({})).toMatchObject({ KeyId, MacAlgorithm, MacValid: true })
    for (const change of [
      { Message: Buffer.from('sealed with was') },
      { Mac: Mac.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) },
      { Mac: Mac.subarray(0, -1) },
      { Mac: Buffer.concat([Mac, Buffer.of(0)]) },
    ]) {
      expect(await rejection(verify(change))).toBeInstanceOf(KMSInvalidMacException)
    }
  })

  it('has one algorithm', async () => {
    const { client, KeyId } = await startWithKey('HMAC_256')
    const MacAlgorithm = 'HMAC_SHA_512'
    const error = await rejection(
      client.send(new GenerateMacCommand({ KeyId, Message, MacAlgorithm })),
    )
    expect(error).toBeInstanceOf(InvalidKeyUsageException)
    expect(error).toMatchObject({
      message: 'Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.',
    })
  })

  it('and no other makes MACs', async () => {
    const { kms, client } = await start()
    const KeyId = await kms.createKey()
    const command = new GenerateMacCommand({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' })
    expect(await rejection(client.send(command))).toBeInstanceOf(InvalidKeyUsageException)
  })

  it('has to be enabled', async () => {
    const { client, KeyId } = await startWithKey('HMAC_256')
    const input = { KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' } as const
    const { Mac } = await client.send(new GenerateMacCommand(input))
    await client.send(new DisableKeyCommand({ KeyId }))
    const generate = client.send(new GenerateMacCommand(input))
    expect(await rejection(generate)).toBeInstanceOf(DisabledException)
    const verify = client.send(new VerifyMacCommand({ ...input, Mac }))
    expect(await rejection(verify)).toBeInstanceOf(DisabledException)
  })

  it('runs dry', async () => {
    const { client, KeyId } = await startWithKey('HMAC_256')
    const input = { KeyId, Message, MacAlgorithm: 'HMAC_SHA_256', DryRun: true } as const
    const generate = client.send(new GenerateMacCommand(input))
    expect(await rejection(generate)).toBeInstanceOf(DryRunOperationException)
    const verify = client.send(new VerifyMacCommand({ ...input, Mac: Message }))
    expect(await rejection(verify)).toBeInstanceOf(KMSInvalidMacException)
  })

  it('makes the same MACs in every region', async () => {
    const { kms, client, KeyId } = await startWithKey('HMAC_384')
    await client.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }))
    const input = { Message, MacAlgorithm: 'HMAC_SHA_384' } as const
    const { Mac } = await client.send(new GenerateMacCommand({ KeyId, ...input }))
    await clientIn(kms, 'eu-west-1').send(
      new VerifyMacCommand({ KeyId: KeyId.replace('us-east-1', 'eu-west-1'), Mac, ...input }),
    )
  })
})
