import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type SessionUse, type UsedKey, openSession } from '../../../../src/cli/options/session.ts'
import { LocalKms } from '../../../../src/local-kms/index.ts'
import { parsedSettings } from './parsed-settings.ts'

const plaintext = new TextEncoder().encode('a secret')
const aes = randomBytes(32)
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const locked = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pass' },
})

let folder: string
let kms: LocalKms
const keys = { near: '', far: '', primary: '', replica: '' }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-session-'))
  const files: [string, string | Uint8Array, number][] = [
    ['aes', aes, 0o600],
    ['aes-hex', `${aes.toString('hex')}\n`, 0o600],
    ['aes-HEX', aes.toString('hex').toUpperCase(), 0o600],
    ['aes-base64', `  ${aes.toString('base64')}\r\n`, 0o600],
    ['aes-24', randomBytes(24).toString('base64'), 0o600],
    ['aes-16', randomBytes(16).toString('base64'), 0o600],
    ['aes-shared', aes, 0o644],
    ['short', 'too short', 0o600],
    ['empty', '', 0o600],
    ['long', new Uint8Array(70_000), 0o600],
    ['public', rsa.publicKey, 0o644],
    ['private', rsa.privateKey, 0o600],
    ['locked', locked.privateKey, 0o600],
  ]
  for (const [name, content, mode] of files) await writeFile(file(name), content, { mode })
  kms = await LocalKms.start({ log: () => {} })
  keys.near = await kms.createKey({ alias: 'alias/near' })
  keys.far = await kms.createKey({ region: 'eu-west-1' })
  keys.primary = await kms.createKey({ multiRegion: true })
  keys.replica = await kms.replicateKey(keys.primary, 'eu-west-1')
})

afterAll(async () => {
  await kms.close()
  await rm(folder, { recursive: true })
})

let said: string[]

beforeEach(() => {
  said = []
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true')
  vi.stubEnv('XDG_CONFIG_HOME', folder)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

function file(name: string): string {
  return join(folder, name)
}

/** `@name` in flags is a file of the folder, `#name` a key of KMS. */
async function open(use: SessionUse, flags: string) {
  const known: Readonly<Record<string, string>> = keys
  const words = flags.split(' ').map((word) => {
    if (word.startsWith('@')) return file(word.slice(1))
    return word.startsWith('#') ? (known[word.slice(1)] ?? '') : word
  })
  const isOfKms = words.some((word) => word.startsWith('--kms'))
  const endpoint = isOfKms ? ['--endpoint', kms.endpoint] : []
  return openSession(use, await parsedSettings(use, [...words, ...endpoint]))
}

async function sealed(flags: string) {
  const session = await open('encrypt', flags)
  const used: UsedKey[] = []
  const client = session.clientFor((key) => used.push(key))
  const { ciphertext } = await client.encrypt(plaintext, session.encryptOptions)
  await session.close()
  return { ciphertext, used }
}

async function opened(ciphertext: Uint8Array, flags: string) {
  const session = await open('decrypt', flags)
  try {
    const used: UsedKey[] = []
    const client = session.clientFor((key) => used.push(key))
    const result = await client.decrypt(ciphertext, session.decryptOptions)
    session.checkHeader(result.header, result.encryptionContext)
    return { text: new TextDecoder().decode(result.plaintext), used }
  } finally {
    await session.close()
  }
}

describe('a session', () => {
  it.each([
    ['--raw-aes @aes', '--raw-aes @aes-hex', /^aes-[0-9a-f]{32}$/],
    ['--raw-aes @aes-HEX', '--raw-aes @aes-base64', /^aes-/],
    ['--raw-aes @aes-24', '--raw-aes @aes-24', /^aes-/],
    ['--raw-aes @aes-16', '--raw-aes @aes-16', /^aes-/],
    [
      '--raw-aes @aes --key-name n --key-namespace s',
      '--raw-aes @aes --key-name n --key-namespace s',
      /^n$/,
    ],
    ['--raw-rsa-public @public', '--raw-rsa-private @private', /^rsa-[0-9a-f]{32}$/],
    [
      '--raw-rsa-public @public --raw-rsa-private @private',
      '--raw-rsa-public @public --raw-rsa-private @private',
      /^rsa-/,
    ],
    [
      '--raw-rsa-public @public --key-name n',
      '--raw-rsa-public @public --raw-rsa-private @private --key-name n',
      /^n$/,
    ],
    [
      '--raw-rsa-public @public --rsa-padding oaep-sha512',
      '--raw-rsa-private @private --rsa-padding oaep-sha512',
      /^rsa-/,
    ],
    ['--local', '--local', /^arn:aws:kms:us-east-1:000000000000:key\//],
    ['--kms #near', '--kms #near', /^arn:/],
    ['--kms alias/near', '--kms #near', /^arn:/],
    ['--kms #far', '--kms-discovery 000000000000:us-east-1:eu-west-1', /^arn:aws:kms:eu-west-1/],
    ['--kms #near', '--kms-discovery 000000000000', /^arn:aws:kms:us-east-1/],
    ['--kms #near', '--kms-discovery dangerously-any-account', /^arn:/],
    ['--kms #primary', '--mrk --kms #replica', /^arn:aws:kms:us-east-1/],
    ['--kms #primary', '--mrk --kms-discovery 000000000000:eu-west-1', /^arn:aws:kms:us-east-1/],
    ['--kms #near --context a=b --require-context a', '--kms #near --context a=b', /^arn:/],
  ])('%s is opened by %s', async (encryption, decryption, key) => {
    const { ciphertext, used } = await sealed(encryption)
    const { text, used: usedToOpen } = await opened(ciphertext, decryption)
    expect(text).toBe('a secret')
    expect(used).toEqual([{ provider: expect.any(String), key: expect.stringMatching(key) }])
    expect(usedToOpen).toEqual(used)
  })

  it('tells which of several keys opened a message', async () => {
    const { ciphertext, used } = await sealed('--kms #near --kms #far --raw-aes @aes')
    expect(used).toEqual([{ provider: 'aws-kms', key: keys.near }])
    expect((await opened(ciphertext, '--kms #far')).used).toEqual([
      { provider: 'aws-kms', key: keys.far },
    ])
    const heal = kms.deny(keys.near, 'Decrypt')
    const { used: second } = await opened(ciphertext, '--kms #near --kms #far --raw-aes @aes')
    heal()
    expect(second).toEqual([{ provider: 'aws-kms', key: keys.far }])
    expect((await opened(ciphertext, '--raw-aes @aes')).used).toEqual([
      { provider: 'waxseal', key: expect.stringMatching(/^aes-/) },
    ])
  })

  it('with an alias to decrypt fails with a hint', async () => {
    const { ciphertext } = await sealed('--kms #near')
    await expect(opened(ciphertext, '--kms alias/near')).rejects.toThrow(
      'give the keyring the key ARN',
    )
  })

  it('that caches asks for a data key once, and says the key once', async () => {
    const session = await open('encrypt', '--kms #near --cache-max-age 60')
    const used: UsedKey[] = []
    kms.resetCalls()
    for (const index of [1, 2, 3]) {
      const client = session.clientFor((key) => used.push(key))
      await client.encrypt(`message ${index}`, session.encryptOptions)
    }
    await session.close()
    expect(kms.calls()).toBe(1)
    expect(used).toHaveLength(1)
  })

  it.each([
    ['encrypt', '--quiet', /No key is given: --kms ARN .*--local/],
    ['decrypt', '--quiet', /No key is given/],
    ['encrypt', '--raw-rsa-private @private', /--raw-rsa-private cannot encrypt.*--raw-rsa-public/],
    ['encrypt', '--raw-aes @short', /must hold 16, 24 or 32 bytes/],
    ['encrypt', '--raw-aes @empty', /it is empty/],
    ['encrypt', '--raw-aes @long', /too long to be a key/],
    ['encrypt', '--raw-aes @none', /cannot be used: ENOENT/],
    [
      'encrypt',
      '--raw-aes @aes --raw-aes @aes-16 --key-name n',
      /--key-name is for one raw key, and there are 2/,
    ],
    ['encrypt', '--kms #near --key-name n', /for raw keys, and none is given/],
    [
      'encrypt',
      '--raw-aes @aes --key-namespace aws-kms',
      /keyNamespace must not begin with "aws-kms"/,
    ],
    ['encrypt', '--raw-rsa-public @private', /must be a public key, not a private one/],
    ['decrypt', '--raw-rsa-private @locked', /protected by a passphrase.*openssl pkey/],
    ['decrypt', '--raw-rsa-private @aes', /must be an RSA key/],
    ['encrypt', '--kms #near --kms #near', /is given twice/],
    ['encrypt', '--raw-aes @aes --mrk', /--mrk is for/],
    ['encrypt', '--branch-key id', /--branch-key needs --key-store/],
    ['encrypt', '--local --key-store-kms #near', /are for --branch-key/],
    ['encrypt', '--local --require-context a', /--require-context a needs the pair/],
    ['encrypt', '--local --context aws-crypto-x=y', /reserved/],
    ['encrypt', '--local --suite 0x0178', /--suite or --commitment-policy/],
    ['encrypt', '--local --cache-max-bytes 5', /only with --cache-max-age/],
    ['encrypt', '--kms arn:nonsense', /keyId is "arn:nonsense"/],
  ] as const)('refused: %s %s', async (use, flags, message) => {
    const refusal = open(use, flags)
    await expect(refusal).rejects.toMatchObject({ name: 'UsageError' })
    await expect(refusal).rejects.toThrow(message)
  })

  it.each([
    ['--require-context a', 'ERR_ENCRYPTION_CONTEXT_MISMATCH'],
    ['--max-length 65535', 'ERR_INPUT'],
    ['--context other=c', 'ERR_ENCRYPTION_CONTEXT_MISMATCH'],
    ['--context not-stored=c', 'ERR_UNWRAP_FAILED'],
  ])('with %s refuses a message that is not so', async (flags, code) => {
    const { ciphertext } = await sealed('--raw-aes @aes --context other=b')
    await expect(opened(ciphertext, `--raw-aes @aes ${flags}`)).rejects.toMatchObject({ code })
    const { text } = await opened(
      ciphertext,
      '--raw-aes @aes --require-context other --max-length 65536',
    )
    expect(text).toBe('a secret')
  })

  it('warns of a key that others may read, unless it is to be quiet', async () => {
    await (await open('encrypt', '--raw-aes @aes-shared')).close()
    expect(said).toEqual([expect.stringMatching(/others than its owner may use .*aes-shared/)])
    await (await open('encrypt', '--raw-aes @aes-shared --quiet')).close()
    await (await open('encrypt', '--raw-aes @aes --raw-rsa-public @public')).close()
    expect(said).toHaveLength(1)
  })

  it('says nothing to the terminal but lines of text', async () => {
    const path = join(folder, 'e\u001b[31mvil\nwaxseal: fine; rm -r')
    await writeFile(path, aes, { mode: 0o644 })
    await (
      await openSession('encrypt', await parsedSettings('encrypt', ['--raw-aes', path]))
    ).close()
    expect(said).toEqual([
      expect.stringMatching(/^waxseal: .*e\\u\{1b\}\[31mvil.*chmod 600 KEY\n$/),
    ])
  })
})
