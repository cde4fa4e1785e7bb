import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EnvelopeClient, RawRsaKeyring } from '../../../../src/index.ts'
import { Workplace } from './workplace.ts'

let place: Workplace
beforeEach(async () => {
  place = await Workplace.make()
})
afterEach(async () => {
  await place.remove()
})

const flipped = (bytes: Uint8Array, fromEnd: number) =>
  bytes.map((byte, i) => (i === bytes.length - fromEnd ? byte ^ 1 : byte))

test('messages that open and then fail are reported and stay as they are; the others go on', async () => {
  const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const
  const plaintext = 'x'.repeat(9000)
  const whole = await place.put('whole', plaintext, unsigned)
  const signed = await place.put('signed', plaintext)
  const bad: Record<string, Uint8Array> = {
    body: flipped(whole, 1000),
    tag: flipped(whole, 1),
    cut: whole.subarray(0, -1),
    // After the first of its frames.
    half: whole.subarray(0, -4950),
    longer: Buffer.concat([whole, Buffer.from([0])]),
    signature: flipped(signed, 1),
    'no-signature': signed.subarray(0, -105),
  }
  for (const [name, bytes] of Object.entries(bad)) await writeFile(place.path(name), bytes)
  const names = Object.keys(bad)
  const result = await place.inPlace()
  expect(result.status).toBe(1)
  expect(result.statuses).toEqual({
    whole: 'done',
    signed: 'done',
    ...Object.fromEntries(names.map((name) => [name, 'failed'])),
  })
  for (const [name, bytes] of Object.entries(bad)) {
    expect(await readFile(place.path(name))).toEqual(Buffer.from(bytes))
    expect(result.stderr).toContain(`${JSON.stringify(place.path(name))}: `)
  }
  for (const name of ['whole', 'signed']) {
    expect(await place.stateOf(place.path(name))).toEqual({ under: 'new', plaintext })
  }
  // No temporary file is left.
  expect(await place.left()).toEqual([...names, 'whole', 'signed', Workplace.journal].sort())
})

test('a message without the key of --require-context stays as it is', async () => {
  await place.put('with', 'with', { encryptionContext: { team: 'blue' } })
  const without = await place.put('without', 'without', { encryptionContext: { group: 'blue' } })
  const result = await place.inPlace('--require-context', 'team')
  expect(result).toMatchObject({ status: 1, statuses: { with: 'done', without: 'failed' } })
  await place.expectMoved('with')
  expect(await readFile(place.path('without'))).toEqual(Buffer.from(without))
})

test("for a partner's public key it has to be said that nothing is verified", async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const partner = join(place.folder, 'partner.pem')
  await writeFile(partner, publicKey)
  const message = await place.put('a')
  const toPartner = (...args: string[]) => {
    const named = ['--key-namespace', 'their', '--key-name', 'key']
    const keys = [...place.fromFlags, '--raw-rsa-public', partner, ...named]
    return place.run(place.messages, '-r', '--in-place', ...keys, ...args)
  }
  const refused = await toPartner()
  expect(refused.status).toBe(2)
  expect(refused.stderr).toContain('--unverified')
  expect(await readFile(place.path('a'))).toEqual(Buffer.from(message))
  const done = await toPartner('--unverified')
  expect(done).toMatchObject({ status: 0, statuses: { a: 'done' } })
  expect(done.stderr).toContain('not verified')
  const keyring = new RawRsaKeyring({
    keyNamespace: 'their',
    keyName: 'key',
    padding: 'oaep-sha256',
    privateKey,
  })
  const { plaintext } = await new EnvelopeClient({ keyring }).decrypt(
    await readFile(place.path('a')),
  )
  expect(Buffer.from(plaintext).toString()).toBe('a')
})
