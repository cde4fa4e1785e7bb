import { generateKeyPairSync } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import type { KeyringSpec } from '../support/keyring-spec.ts'
import type { Combination } from './live/combinations.ts'
import { type Exchange, exchangeWith } from './live/exchange.ts'
import { directions } from './live/summary.ts'

// `npm run test:interop` says that messages passed. Here: that it would not say so if they had not.

const fakePeer = fileURLToPath(new URL('./peers/fake-peer.ts', import.meta.url))
const wrappingKey = Buffer.alloc(32, 7).toString('base64')
const keyring = { type: 'raw-aes', keyNamespace: 'fake', keyName: 'key', wrappingKey } as const
const combination: Combination = { name: 'raw AES-256', writes: keyring, reads: keyring }
const exchanges = directions.map((direction): Exchange => {
  const suite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384'
  return { combination, variation: { suite, plaintext: 'short', context: 'ASCII' }, direction }
})

async function exchangeWithFake(lie: string, asked: readonly Exchange[] = exchanges) {
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), fakePeer, lie]
  const noClient = () => new KMSClient({ region: 'us-east-1' }) // never asked anything
  const { outcomes } = await exchangeWith('Python', command, asked, 'http://127.0.0.1:1', noClient)
  return outcomes.map((outcome) => [
    outcome.direction,
    outcome.status,
    'reason' in outcome ? outcome.reason : '',
  ])
}

describe('the exchange with a peer', () => {
  it('passes where both sides tell the truth', async () => {
    expect(await exchangeWithFake('none')).toEqual([
      ['waxseal reads', 'passed', ''],
      ['peer reads', 'passed', ''],
    ])
  })

  it.each([
    ['plaintext', 'passed', 'failed', /another plaintext/],
    ['context', 'passed', 'failed', /does not go with the suite/],
    ['message', 'failed', 'passed', /not read: .*signature/],
    ['error', 'failed', 'failed', /it refuses/],
    ['silence', 'failed', 'failed', /no answer/],
  ])('fails where the peer lies: %s', async (lie, weRead, peerReads, reason) => {
    const outcomes = await exchangeWithFake(lie)
    expect(outcomes.map(([, status]) => status)).toEqual([weRead, peerReads])
    for (const [, status, why] of outcomes) if (status === 'failed') expect(why).toMatch(reason)
  })

  it('fails where the encryption context of an unsigned message is another one', async () => {
    const suite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
    const unsigned = exchanges.map((exchange) => ({
      ...exchange,
      variation: { ...exchange.variation, suite } as const,
    }))
    const [, peerReads] = await exchangeWithFake('context', unsigned)
    expect(peerReads?.[2]).toMatch(/another encryption context/)
  })

  it('takes a refusal that limits.ts foresees for n/a, and any other for a failure', async () => {
    const { publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const keyId = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000'
    const encryptionAlgorithm = 'RSAES_OAEP_SHA_256'
    const kmsRsa: KeyringSpec = {
      type: 'kms-rsa',
      region: 'us-east-1',
      keyId,
      publicKey,
      encryptionAlgorithm,
    }
    const signed = exchanges.map((exchange) => ({
      ...exchange,
      combination: { name: 'KMS RSA', writes: kmsRsa, reads: kmsRsa },
    }))
    expect(await exchangeWithFake('error', signed)).toEqual([
      ['waxseal reads', 'failed', expect.stringContaining('not as in limits.ts: it refuses')],
      ['peer reads', 'n/a', expect.stringContaining('KMS RSA and signed suites')],
    ])
  })

  it('has no outcome where the peer crashes', async () => {
    await expect(exchangeWithFake('crash')).rejects.toThrow(/ended with 3/)
  })
})
