import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addKeyringFlags, addMessageFlags } from '../../../../src/cli/options/flags.ts'
import { commandFor, parsedSettings } from './parsed-settings.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-flags-'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function configuration(text: string): Promise<string> {
  const path = join(folder, 'waxseal.json')
  await writeFile(path, text)
  return path
}

describe('flags', () => {
  it('are settings with defaults, where none is given', async () => {
    const settings = await parsedSettings('decrypt', [])
    expect(settings).toMatchObject({
      kms: [],
      local: false,
      rsaPadding: 'oaep-sha256',
      context: {},
      signatures: 'verify',
      json: false,
    })
    expect(settings.frameLength).toBeUndefined()
  })

  it.each([
    ['encrypt', ['--kms', 'a', '--kms', 'b'], { kms: ['a', 'b'] }],
    ['encrypt', ['--context', 'a=b=c', '--context', 'd='], { context: { a: 'b=c', d: '' } }],
    ['encrypt', ['--suite', '0x0478'], { suite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' }],
    [
      'encrypt',
      ['--suite', 'alg_aes_256_gcm_hkdf_sha512_commit_key'],
      { suite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' },
    ],
    ['encrypt', ['--frame-length', '4096'], { frameLength: 4096 }],
    [
      'encrypt',
      ['--commitment-policy', 'forbid-encrypt-allow-decrypt'],
      { commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT' },
    ],
    ['decrypt', ['--signatures', 'refuse'], { signatures: 'refuse' }],
    [
      'decrypt',
      ['--kms-discovery', '111122223333:eu-west-1:eu-central-1'],
      { kmsDiscovery: ['111122223333:eu-west-1:eu-central-1'] },
    ],
    [
      'decrypt',
      ['--kms-discovery', 'dangerously-any-account'],
      { kmsDiscovery: ['dangerously-any-account'] },
    ],
    [
      'encrypt',
      ['--cache-max-age', '60', '--cache-max-bytes', '9007199254740991'],
      { cacheMaxAgeSeconds: 60, cacheMaxBytes: Number.MAX_SAFE_INTEGER },
    ],
  ] as const)('%s %j', async (use, flags, expected) => {
    expect(await parsedSettings(use, flags)).toMatchObject(expected)
  })

  it('keep a pair whose key is __proto__', async () => {
    const { context } = await parsedSettings('encrypt', ['--context', '__proto__=x'])
    expect(Object.entries(context)).toEqual([['__proto__', 'x']])
  })

  it.each([
    ['encrypt', ['--context', 'a'], /KEY=VALUE/],
    ['encrypt', ['--context', '=a'], /KEY=VALUE/],
    ['encrypt', ['--context', 'a=1', '--context', 'a=1'], /"a" is given twice/],
    ['encrypt', ['--frame-length', '1e3'], /in digits/],
    ['encrypt', ['--frame-length', ''], /empty/],
    ['encrypt', ['--frame-length', '0'], /--frame-length must be a whole number from 1/],
    ['encrypt', ['--frame-length', '4294967296'], /--frame-length must be a whole number/],
    ['encrypt', ['--region', 'a', '--region', 'b'], /given twice/],
    ['encrypt', ['--suite', '0x9999'], /--suite must be an id such as/],
    ['encrypt', ['--commitment-policy', 'none'], /Allowed choices/],
    ['encrypt', ['--kms-discovery', '111122223333'], /unknown option/],
    ['encrypt', ['--kms', ''], /--kms must not be empty/],
    ['encrypt', ['--endpoint', 'file:///etc'], /--endpoint must be a URL/],
    ['decrypt', ['--kms-discovery', '1234'], /--kms-discovery must be an account of 12 digits/],
    ['decrypt', ['--kms-discovery', '111122223333:'], /--kms-discovery must be an account/],
    ['decrypt', ['--suite', '0x0578'], /unknown option/],
    ['decrypt', ['--cache-max-messages', '5'], /unknown option/],
    ['decrypt', ['--cache-max-bytes', '5'], /unknown option/],
    ['encrypt', ['--cache-max-bytes', '9007199254740992'], /--cache-max-bytes must be a whole/],
    ['decrypt', ['--signatures', 'ignore'], /Allowed choices/],
    ['decrypt', ['--rsa-padding', 'none'], /Allowed choices/],
    ['decrypt', ['--max-data-keys', '65536'], /--max-data-keys must be/],
  ] as const)('refused: %s %j', async (use, flags, message) => {
    await expect(async () => parsedSettings(use, flags)).rejects.toThrow(message)
  })

  it('of the second set of keys are apart from those of the first', async () => {
    const flags = ['--kms', 'new', '--from-kms', 'old', '--from-region', 'eu-west-1']
    expect(await parsedSettings('encrypt', flags, 'from-')).toMatchObject({
      kms: ['old'],
      region: 'eu-west-1',
    })
    expect(await parsedSettings('encrypt', flags)).toMatchObject({
      kms: ['new'],
      region: undefined,
    })
  })

  it('that both uses have are there once', () => {
    const command = new Command()
    for (const use of ['encrypt', 'decrypt'] as const) {
      addKeyringFlags(command, use)
      addMessageFlags(command, use)
    }
    const names = command.options.map(({ long }) => long)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('a configuration file', () => {
  it('says what flags do not', async () => {
    const path = await configuration(`{
      // the team's
      "frame-length": 4096,
      "kms": ["k"],
    }`)
    const flags = ['--config', path, '--region', 'eu-west-1']
    expect(await parsedSettings('encrypt', flags)).toMatchObject({
      frameLength: 4096,
      kms: ['k'],
      region: 'eu-west-1',
    })
  })

  it('is found by WAXSEAL_CONFIG, and --config goes before', async () => {
    const path = await configuration('{ "frame-length": 1 }')
    vi.stubEnv('WAXSEAL_CONFIG', path)
    expect((await parsedSettings('encrypt', [])).frameLength).toBe(1)
    const other = join(folder, 'other.json')
    await writeFile(other, '{ "frame-length": 2 }')
    expect((await parsedSettings('encrypt', ['--config', other])).frameLength).toBe(2)
  })

  it.each([
    [['--frame-length', '5'], { frameLength: 5, kms: ['file'] }],
    [['--kms', 'flag'], { kms: ['flag'], mrk: false, keyName: undefined, region: 'eu-west-1' }],
    [['--local'], { kms: [], local: true, mrk: false }],
    [['--mrk'], { kms: ['file'], mrk: true }],
    [['--key-name', 'other'], { kms: ['file'], keyName: 'other' }],
    [['--region', 'eu-north-1'], { kms: ['file'], mrk: true, region: 'eu-north-1' }],
    [['--context', 'a=2', '--context', 'b=3'], { context: { team: 'x', a: '2', b: '3' } }],
    [['--require-context', 'a'], { requireContext: ['team', 'a'] }],
  ])('gives way to flags: %j', async (flags, expected) => {
    const path = await configuration(
      JSON.stringify({
        kms: ['file'],
        mrk: true,
        'key-name': 'n',
        region: 'eu-west-1',
        'frame-length': 4,
        context: { team: 'x', a: '1' },
        'require-context': ['team'],
      }),
    )
    expect(await parsedSettings('encrypt', ['--config', path, ...flags])).toMatchObject(expected)
  })

  it('of a team may say more than a command takes', async () => {
    const path = await configuration(
      '{ "kms-discovery": ["111122223333"], "from-kms": ["old"], "kms": ["new"] }',
    )
    const flags = ['--config', path]
    expect((await parsedSettings('encrypt', flags)).kmsDiscovery).toEqual([])
    expect((await parsedSettings('encrypt', flags, 'from-')).kms).toEqual(['old'])
  })

  const branchKey = {
    'branch-key': 'b1',
    'key-store': 'T',
    'key-store-kms': 'arn',
    'logical-key-store': 'L',
    'grant-token': ['t'],
    region: 'eu-west-1',
  }
  const noStore = { keyStore: undefined, keyStoreKms: undefined, logicalKeyStore: undefined }

  it.each([
    ['encrypt', branchKey, [], { branchKey: 'b1', keyStore: 'T', grantTokens: ['t'] }],
    [
      'encrypt',
      branchKey,
      ['--raw-aes', 'k'],
      { branchKey: undefined, ...noStore, grantTokens: [], region: 'eu-west-1' },
    ],
    ['decrypt', branchKey, ['--local'], { branchKey: undefined, ...noStore, grantTokens: [] }],
    [
      'encrypt',
      branchKey,
      ['--branch-key', 'b2'],
      { branchKey: 'b2', keyStore: 'T', keyStoreKms: 'arn', logicalKeyStore: 'L', grantTokens: [] },
    ],
    ['encrypt', branchKey, ['--kms', 'k', '--key-store-kms', 'a'], { keyStoreKms: 'a' }],
    ['encrypt', { kms: ['k'], 'key-store': 'T', 'key-store-kms': 'arn' }, [], noStore],
    [
      'encrypt',
      { 'raw-aes': ['/k'], 'kms-discovery': ['111122223333'], mrk: true },
      [],
      { mrk: false },
    ],
    [
      'decrypt',
      { 'raw-aes': ['/k'], 'kms-discovery': ['111122223333'], mrk: true },
      [],
      { mrk: true },
    ],
    ['encrypt', { 'raw-aes': ['/k'] }, ['--mrk'], { mrk: true }],
    ['encrypt', { 'raw-aes': ['/k'], 'raw-rsa-private': ['/p'] }, [], { rawRsaPrivate: [] }],
    ['decrypt', { 'raw-aes': ['/k'], 'raw-rsa-private': ['/p'] }, [], { rawRsaPrivate: ['/p'] }],
    ['encrypt', { 'raw-rsa-private': ['/p'] }, [], { rawRsaPrivate: ['/p'] }],
    ['encrypt', { local: false, 'raw-rsa-private': ['/p'] }, [], { rawRsaPrivate: ['/p'] }],
    [
      'encrypt',
      { 'raw-aes': ['/k'], 'raw-rsa-public': ['/q'], 'raw-rsa-private': ['/p'] },
      [],
      { rawRsaPrivate: ['/p'] },
    ],
    [
      'encrypt',
      { kms: ['k'], 'raw-rsa-private': ['/p'], 'key-name': 'n' },
      [],
      { rawRsaPrivate: [], keyName: undefined },
    ],
    ['encrypt', {}, ['--raw-aes', 'k', '--raw-rsa-private', 'p'], { rawRsaPrivate: ['p'] }],
  ] as const)('for all that a team does, to %s: %j with %j', async (use, file, flags, expected) => {
    const path = await configuration(JSON.stringify(file))
    expect(await parsedSettings(use, ['--config', path, ...flags])).toMatchObject(expected)
  })

  it('is not taken from whatever folder one is in', async () => {
    vi.stubEnv('WAXSEAL_CONFIG', 'waxseal.json')
    await expect(parsedSettings('encrypt', [])).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('WAXSEAL_CONFIG must be an absolute path'),
    })
  })

  it.each(['[', '{"a":', '{"kms":['])('refused, where %s is repeated', async (text) => {
    const path = await configuration(text.repeat(200_000))
    await expect(parsedSettings('encrypt', ['--config', path])).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining('nested too deeply'),
    })
  })

  it('names files from its own folder on', async () => {
    const path = await configuration('{ "raw-aes": ["keys/a"], "metadata": "log" }')
    expect(await parsedSettings('encrypt', ['--config', path])).toMatchObject({
      rawAes: [join(folder, 'keys/a')],
      metadata: join(folder, 'log'),
    })
  })

  it.each([
    ['{\n  "kms": "k"\n}', '2:10: kms must be a list of texts'],
    ['{ "kms": ["a", 5] }', '1:16: kms[1] must be a text'],
    ['{\r\n  "context": { "a": "b",\r\n "team": 5 } }', '3:10: context.team must be a text'],
    [
      '{ "frame-lenght": 5 }',
      '1:3: there is no setting "frame-lenght"; did you mean "frame-length"?',
    ],
    ['{ "--kms": [] }', '1:3: there is no setting "--kms"; did you mean "kms"?'],
    ['{ "elephant": 5 }', '1:3: there is no setting "elephant"'],
    ['{ "config": "x" }', '1:3: "config" is a flag only: a configuration file cannot name another'],
    ['{ "kms": ["a"],\n "kms": ["b"] }', '2:2: "kms" is there twice'],
    ['{ "frame-length": "5" }', '1:19: frame-length must be a whole number from 1 to 4294967295'],
    ['{ "signatures": "ignore" }', '1:17: signatures must be verify or refuse'],
    ['{ "local": 1 }', '1:12: local must be true or false'],
    ['{ "kms": [\n', '2:1: close bracket expected'],
    ['[]', '1:1: the configuration must be an object: { ... }'],
    ['', '1:1: value expected'],
  ])('refused: %j', async (text, message) => {
    const path = await configuration(text)
    await expect(parsedSettings('decrypt', ['--config', path])).rejects.toThrow(
      expect.objectContaining({ name: 'UsageError', message: `${path}:${message}` }),
    )
  })

  it('that is not there is an error', async () => {
    const path = join(folder, 'none')
    await expect(parsedSettings('decrypt', ['--config', path])).rejects.toThrow(
      `The configuration file ${path} cannot be read`,
    )
  })
})

describe('a help', () => {
  it('shows few of the flags, and has all of them', () => {
    const { options } = commandFor('decrypt')
    const shown = options.filter(({ hidden }) => !hidden).map(({ long }) => long)
    expect(shown).toHaveLength(9 + 4 + 2 + 4)
    expect(options.every(({ description }) => description.length <= 45)).toBe(true)
  })
})
