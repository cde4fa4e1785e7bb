import { fileURLToPath } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { deeds, exchangeValues } from './sql/exchange.ts'
import { cases, type Stores } from './sql/values.ts'

// `npm run test:interop` says that values passed. Here: that it would not say so if they had not.

const fakePeer = fileURLToPath(new URL('./peers/fake-peer.ts', import.meta.url))
const wrappingKey = Buffer.alloc(32, 7).toString('base64')
const keyring = { type: 'raw-aes', keyNamespace: 'fake', keyName: 'key', wrappingKey } as const

/** The deeds of which none failed, of values that store their context or not. */
async function doneWithFake(lie: string, stores: Stores): Promise<string[]> {
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), fakePeer, lie]
  const noClient = () => new KMSClient({ region: 'us-east-1' }) // never asked anything
  const { outcomes } = await exchangeValues(
    command,
    { raw: keyring },
    'http://127.0.0.1:1',
    noClient,
  )
  const ofStores = outcomes.filter((outcome) => outcome.stores === stores)
  expect(ofStores).toHaveLength(deeds.length * cases.length)
  return deeds.filter((deed) =>
    ofStores.every((outcome) => outcome.deed !== deed || outcome.failure === undefined),
  )
}

const ours = ['waxseal opens it', 'waxseal refuses it in another row']

describe('the exchange of values', () => {
  // The fake takes no context: it opens what stores its own, in any row.
  it.each<[string, string[]]>([
    ['none', ['peer opens it', ...ours]],
    ['plaintext', ours],
    ['message', ['peer opens it', 'waxseal refuses it in another row']],
    ['error', ['peer refuses it in another row']],
    ['silence', []],
  ])('fails where the peer lies: %s', async (lie, done) => {
    expect(await doneWithFake(lie, 'pairs stored')).toEqual(done)
  })

  it('fails where the peer stores pairs that it is to keep out', async () => {
    expect(await doneWithFake('none', 'pairs given')).not.toContain('waxseal opens it')
  })
})
