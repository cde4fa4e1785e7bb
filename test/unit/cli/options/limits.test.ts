import { randomBytes } from 'node:crypto'
import { CreateGrantCommand, type GrantOperation, KMSClient } from '@aws-sdk/client-kms'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type SessionUse, openSession } from '../../../../src/cli/options/session.ts'
import { LocalKms } from '../../../../src/local-kms/index.ts'
import { parsedSettings } from './parsed-settings.ts'

/* What flags ask of caches, of policies and of calls: that it gets to where it is done. */

let folder: string
let kms: LocalKms
let key: string
let raw: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-limits-'))
  raw = join(folder, 'aes')
  await writeFile(raw, randomBytes(32), { mode: 0o600 })
  kms = await LocalKms.start({ log: () => {} })
  key = await kms.createKey()
})

afterAll(async () => {
  await kms.close()
  await rm(folder, { recursive: true })
})

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true')
  kms.resetCalls()
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

async function open(use: SessionUse, ...flags: string[]) {
  return openSession(use, await parsedSettings(use, flags))
}

const ofKms = () => ['--kms', key, '--endpoint', kms.endpoint]
const dataKeys = () => kms.calls({ operation: 'GenerateDataKey' })

describe('a cache', () => {
  async function encryptSix(contexts: readonly string[], ...flags: string[]) {
    const session = await open('encrypt', ...ofKms(), '--cache-max-age', '60', ...flags)
    for (let index = 0; index < 6; index += 1) {
      const encryptionContext = { of: contexts[index % contexts.length] ?? '' }
      await session.clientFor().encrypt(new Uint8Array(1000), { encryptionContext })
    }
    await session.close()
    return dataKeys()
  }

  it.each([
    [[], ['a'], 1],
    [['--cache-max-messages', '2'], ['a'], 3],
    [['--cache-max-bytes', '2000'], ['a'], 3],
    [[], ['a', 'b'], 2],
    [['--cache-capacity', '1'], ['a', 'b'], 6],
  ])(
    'with %j asks as often for data keys of six messages: %j, %i',
    async (flags, contexts, calls) => {
      expect(await encryptSix(contexts, ...flags)).toBe(calls)
    },
  )

  it('keeps 100 data keys where nothing is said', async () => {
    const session = await open('encrypt', ...ofKms(), '--cache-max-age', '60')
    const encryptAll = async (count: number) => {
      for (let index = 0; index < count; index += 1) {
        await session.clientFor().encrypt('x', { encryptionContext: { of: `${index}` } })
      }
      return dataKeys()
    }
    expect(await encryptAll(100)).toBe(100)
    expect(await encryptAll(101)).toBe(101)
    await session.close()
  })

  it.each([
    [59, 1],
    [61, 2],
  ])('of 60 seconds after %i', async (seconds, calls) => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const session = await open('encrypt', ...ofKms(), '--cache-max-age', '60')
    await session.clientFor().encrypt('x')
    vi.advanceTimersByTime(seconds * 1000)
    await session.clientFor().encrypt('x')
    await session.close()
    expect(dataKeys()).toBe(calls)
  })
})

const uncommitted = ['--suite', '0x0178', '--commitment-policy', 'forbid-encrypt-allow-decrypt']

async function sealed(...flags: string[]) {
  const session = await open('encrypt', ...flags)
  const { ciphertext } = await session.clientFor().encrypt('a secret', session.encryptOptions)
  await session.close()
  return ciphertext
}

async function opened(ciphertext: Uint8Array, ...flags: string[]) {
  const session = await open('decrypt', ...flags)
  try {
    const { plaintext } = await session.clientFor().decrypt(ciphertext)
    return new TextDecoder().decode(plaintext)
  } finally {
    await session.close()
  }
}

it('--commitment-policy is that of the client', async () => {
  const ciphertext = await sealed('--raw-aes', raw, ...uncommitted)
  await expect(opened(ciphertext, '--raw-aes', raw)).rejects.toMatchObject({
    code: 'ERR_COMMITMENT_POLICY',
  })
  const policy = ['--commitment-policy', 'require-encrypt-allow-decrypt']
  expect(await opened(ciphertext, '--raw-aes', raw, ...policy)).toBe('a secret')
})

it('--max-data-keys is that of the client', async () => {
  const two = ['--raw-aes', raw, ...ofKms()]
  await expect(sealed(...two, '--max-data-keys', '1')).rejects.toThrow('encrypted data keys')
  const ciphertext = await sealed(...two, '--max-data-keys', '2')
  await expect(opened(ciphertext, '--raw-aes', raw, '--max-data-keys', '1')).rejects.toMatchObject({
    code: 'ERR_TOO_MANY_DATA_KEYS',
  })
  expect(await opened(ciphertext, '--raw-aes', raw, '--max-data-keys', '2')).toBe('a secret')
})

it('--max-length refuses a message that is not framed', async () => {
  const encryption = await open('encrypt', '--raw-aes', raw)
  const { header } = await encryption.clientFor().encrypt('x')
  const session = await open('decrypt', '--raw-aes', raw, '--max-length', '4294967295')
  session.checkHeader(header, {})
  expect(() => {
    session.checkHeader({ ...header, contentType: 'non-framed', frameLength: 0 }, {})
  }).toThrow('The message is not framed')
})

describe('--grant-token', () => {
  async function tokenFor(operation: GrantOperation): Promise<string> {
    const client = new KMSClient(kms.clientConfig())
    const { GrantToken = '' } = await client.send(
      new CreateGrantCommand({
        KeyId: key,
        GranteePrincipal: 'arn:aws:iam::000000000000:user/waxseal',
        Operations: [operation],
      }),
    )
    client.destroy()
    return GrantToken
  }

  it('goes with the calls of --kms to encrypt', async () => {
    const token = await tokenFor('GenerateDataKey')
    const allow = kms.deny(key, 'GenerateDataKey')
    try {
      await expect(sealed(...ofKms())).rejects.toThrow('AccessDenied')
      expect(await sealed(...ofKms(), '--grant-token', token)).toBeInstanceOf(Uint8Array)
    } finally {
      allow()
    }
  })

  it('goes with the calls of --kms and --kms-discovery to decrypt', async () => {
    const ciphertext = await sealed(...ofKms())
    const token = await tokenFor('Decrypt')
    const allow = kms.deny(key, 'Decrypt')
    const ofDiscovery = ['--kms-discovery', '000000000000', '--endpoint', kms.endpoint]
    try {
      for (const flags of [ofKms(), ofDiscovery]) {
        await expect(opened(ciphertext, ...flags)).rejects.toThrow()
        expect(await opened(ciphertext, ...flags, '--grant-token', token)).toBe('a secret')
      }
    } finally {
      allow()
    }
  })
})
