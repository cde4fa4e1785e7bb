import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { causeOf } from '../../../src/cli/doctor/causes.ts'
import { findingsInWords } from '../../../src/cli/doctor/words.ts'
import {
  type EncryptOptions,
  EnvelopeClient,
  type Keyring,
  RawAesKeyring,
  RawRsaKeyring,
  inspectMessage,
} from '../../../src/index.ts'
import { type DoctorSettings, findings, wrongs } from './doctor/support.ts'

const wrappingKey = randomBytes(32)
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const name = { keyNamespace: 'my app', keyName: "it's" }
const keyring = new RawAesKeyring({ ...name, wrappingKey })

let folder: string
let keys: Partial<DoctorSettings>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-doctor-'))
  const file = join(folder, 'aes.key')
  await writeFile(file, wrappingKey, { mode: 0o600 })
  keys = { rawAes: [file], ...name }
})
afterAll(() => rm(folder, { recursive: true }))

async function encrypt(options: EncryptOptions = {}, by: Keyring = keyring) {
  const client = new EnvelopeClient({
    keyring: by,
    commitmentPolicy: options.algorithmSuite?.includes('COMMIT')
      ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
      : options.algorithmSuite
        ? 'FORBID_ENCRYPT_ALLOW_DECRYPT'
        : 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT',
  })
  const { ciphertext } = await client.encrypt(Buffer.alloc(50, 'text'), {
    encryptionContext: { tenant: 'acme' },
    frameLength: 20,
    ...options,
  })
  return Buffer.from(ciphertext)
}

const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const

/** The same with one bit of a byte changed, which is counted from the end if it is negative. */
function changed(message: Buffer, at: number) {
  const copy = Buffer.from(message)
  const index = at < 0 ? copy.length + at : at
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}

interface Case {
  readonly cause: string
  readonly message?: () => Promise<Uint8Array> | Uint8Array
  readonly settings?: Partial<DoctorSettings>
  readonly found: RegExp
}

const cases: readonly Case[] = [
  { cause: 'no message', message: () => Buffer.from('hello'), found: /^form: .* but text => look/ },
  { cause: 'nothing', message: () => Buffer.alloc(0), found: /^form: .* an empty file => / },
  {
    cause: 'a header that is cut off',
    message: async () => (await encrypt()).subarray(0, 90),
    found: /^form: .*ends at byte 90.* => get the message again/,
  },
  {
    cause: 'the commitment policy',
    message: () => encrypt({ algorithmSuite: 'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256' }),
    found: /^commitment policy: .*0x0178.* => .*--commitment-policy require-encrypt-allow-decrypt/,
  },
  {
    cause: 'a signature that is refused',
    settings: { signatures: 'refuse' },
    found: /^signature policy: .* => leave --signatures refuse out/,
  },
  {
    cause: 'a pair that differs',
    settings: { context: { tenant: 'other' } },
    found: /^encryption context: "tenant" is "acme" in it, and "other" was given => /,
  },
  {
    cause: 'a required pair that is missing',
    settings: { requireContext: ['purpose'] },
    found: /^encryption context: it lacks the key "purpose".* => .*--context/,
  },
  {
    cause: 'frames that are too long',
    settings: { maxLength: 10 },
    found: /^length: .*20.* => .*--max-length/,
  },
  {
    cause: 'another namespace',
    settings: { keyNamespace: 'other' },
    found:
      /^data key: 1\. .* the namespace "other" => .*--key-namespace='my app' --key-name='it'\\''s'$/,
  },
  {
    cause: 'another name',
    settings: { keyName: 'other' },
    found: /^data key: 1\. .* the name "other" => if it is the same key/,
  },
  {
    cause: 'another key of the same name',
    message: () => encrypt({}, new RawAesKeyring({ ...name, wrappingKey: randomBytes(32) })),
    found: /^data key: 1\. .* not authentic => the wrapping key or the encryption context/,
  },
  {
    cause: 'another kind of key',
    message: () =>
      encrypt({}, new RawRsaKeyring({ ...name, publicKey, privateKey, padding: 'oaep-sha256' })),
    found: /^data key: 1\. .* no raw RSA private key was given => give --raw-rsa-private FILE/,
  },
  {
    cause: 'a header that was changed',
    message: async () => {
      const message = await encrypt(unsigned)
      return changed(message, inspectMessage(message).headerLength - 1)
    },
    found: /^header: The header's authentication tag .* => get the message again/,
  },
  {
    cause: 'a commitment that was changed',
    message: async () => {
      const message = await encrypt(unsigned)
      return changed(message, inspectMessage(message).headerLength - 17)
    },
    found: /^header: The message's key commitment .* => get the message again/,
  },
  {
    cause: 'a frame that was changed',
    message: async () => {
      const message = await encrypt(unsigned)
      return changed(message, inspectMessage(message).headerLength + 52 + 16)
    },
    found: /^body: .* of frame 2 does not match.* => get the message again/,
  },
  {
    cause: 'a signature that was changed',
    message: async () => changed(await encrypt(), -1),
    found: /^signature: .* => somebody who has the data key/,
  },
  {
    cause: 'an end that is missing',
    message: async () => (await encrypt(unsigned)).subarray(0, -7),
    found: /^body: The message ends at byte .* => the end is missing/,
  },
  {
    cause: 'bytes behind the end',
    message: async () => Buffer.concat([await encrypt(unsigned), Buffer.from('\n')]),
    found: /^end: .* => cut off what follows/,
  },
]

describe('doctor', () => {
  it.each(cases)(
    'explains $cause, and nothing else',
    async ({ message = encrypt, settings, found }) => {
      expect(await wrongs(await message(), { ...keys, ...settings })).toEqual([
        expect.stringMatching(found),
      ])
    },
  )

  it('stops before it asks for more data keys than it may', async () => {
    const { list, opens } = await findings(await encrypt(), { ...keys, maxDataKeys: 0 })
    expect(opens).toBe(false)
    expect(list.at(-1)).toMatchObject({ about: 'data key', verdict: 'unknown' })
  })

  it('says step by step that a message opens', async () => {
    const { list, opens } = await findings(await encrypt(), {
      ...keys,
      context: { tenant: 'acme' },
    })
    expect(opens).toBe(true)
    expect(list.map(({ about }) => about)).toEqual([
      'form',
      'commitment policy',
      'data keys',
      'encryption context',
      'data key',
      'header',
      'body',
      'signature',
    ])
  })

  it('tells several reasons at once', async () => {
    const settings = {
      context: { tenant: 'other' },
      keyName: 'other',
      signatures: 'refuse',
    } as const
    expect(await wrongs(await encrypt(), { ...keys, ...settings })).toHaveLength(3)
  })

  it('opens base64, and says that it is', async () => {
    const text = (await encrypt()).toString('base64').replace(/.{76}/g, '$&\n')
    const { list, opens } = await findings(Buffer.from(text), keys)
    expect(opens).toBe(true)
    expect(list[0]).toMatchObject({ verdict: 'note', advice: expect.stringContaining('--decode') })
  })

  it('blames no key for what was thrown before any was tried', async () => {
    const { list } = await findings(await encrypt(), {
      ...keys,
      context: { 'aws-crypto-x': 'y' },
    })
    const about = list.filter(({ about }) => about === 'data key')
    expect(about).toEqual([
      expect.objectContaining({
        verdict: 'unknown',
        text: expect.stringContaining('was not tried'),
      }),
    ])
    expect(list).toContainEqual(expect.objectContaining({ about: 'keys', verdict: 'wrong' }))
  })

  it('does not take a wrong RSA padding for a message that was changed', async () => {
    const by = new RawRsaKeyring({ ...name, publicKey, padding: 'oaep-sha256' })
    const file = join(folder, 'rsa.pem')
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    const settings = { ...name, rawRsaPrivate: [file], rsaPadding: 'pkcs1' } as const
    const { list } = await findings(await encrypt(unsigned, by), settings)
    expect(list).toContainEqual(expect.objectContaining({ about: 'data key', verdict: 'unknown' }))
    expect(list.at(-1)?.advice).toContain('--rsa-padding oaep-sha256')
  })

  it('puts the name of a key into no word of its advice', () => {
    const error = Object.assign(new Error('none'), { name: 'CredentialsProviderError' })
    expect(causeOf(error, 'arn:aws:kms:x')?.advice).toBe(
      'log in, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile',
    )
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' })
    expect(causeOf(denied, 'arn:aws:kms:x')?.advice).toContain('kms:Decrypt on arn:aws:kms:x in')
  })

  it('without keys says which flags would open it', async () => {
    const { list, opens } = await findings(await encrypt(), {})
    expect(opens).toBe(false)
    expect(list).toContainEqual(
      expect.objectContaining({
        about: 'data key',
        advice: `opens with --raw-aes FILE --key-namespace='my app' --key-name='it'\\''s'`,
      }),
    )
  })

  it('prints no text of a message as it stands', async () => {
    const hostile = '\u001b]0;owned\u0007\n\u202e'
    const by = new RawAesKeyring({ keyNamespace: `a${hostile}`, keyName: hostile, wrappingKey })
    const message = await encrypt({ encryptionContext: { tenant: hostile } }, by)
    const settings = { ...keys, context: { tenant: 'acme' } }
    const text = findingsInWords(hostile, await findings(message, settings), true)
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
    expect(text).toContain('\\u{1b}')
  })

  it('uses words in a pipe, and signs on a terminal', async () => {
    const found = await findings(Buffer.from('text'), {})
    expect(findingsInWords('file', found, false)).toContain('\nwrong: form: ')
    expect(findingsInWords('file', found, true)).toContain('\n✗ form: ')
  })
})
