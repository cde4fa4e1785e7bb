import { randomBytes } from 'node:crypto'
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EnvelopeClient, RawAesKeyring, inspectMessage } from '../../../src/index.ts'
import { runCli } from '../../support/cli.ts'

let folder: string
let messages: string
const oldBytes = randomBytes(32)
const newBytes = randomBytes(32)
const names = { keyNamespace: 'test', keyName: 'key' }
const clientOf = (wrappingKey: Uint8Array, more = {}) =>
  new EnvelopeClient({ keyring: new RawAesKeyring({ ...names, wrappingKey }), ...more })
const oldClient = clientOf(oldBytes)
const newClient = clientOf(newBytes)
const journal = '.waxseal-reencrypt'

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-reencrypt-'))
  messages = join(folder, 'messages')
  await mkdir(messages)
  await writeFile(join(folder, 'old'), oldBytes, { mode: 0o600 })
  await writeFile(join(folder, 'new'), newBytes, { mode: 0o600 })
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function put(name: string, plaintext: Uint8Array | string, options = {}): Promise<void> {
  const { ciphertext } = await oldClient.encrypt(plaintext, options)
  await writeFile(join(messages, name), ciphertext)
}

const keyFlags = () => [
  ...['--from-raw-aes', join(folder, 'old'), '--raw-aes', join(folder, 'new')],
  ...['--from-key-namespace', 'test', '--from-key-name', 'key'],
  ...['--key-namespace', 'test', '--key-name', 'key'],
]
const reencrypt = (...args: string[]) => runCli(['reencrypt', ...args, ...keyFlags()])
const inPlace = (...args: string[]) => reencrypt(messages, '-r', '--in-place', ...args)
const opened = async (path: string, options = {}) =>
  newClient.decrypt(await readFile(path), options)
const records = (text: Buffer | string) =>
  text
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('one message', () => {
  test('keeps its plaintext, its context, its frame length and its suite', async () => {
    const plaintext = randomBytes(10_000)
    const algorithmSuite = 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'
    const encryptionContext = { team: 'blue', shown: 'x' }
    await put('a', plaintext, {
      encryptionContext,
      requiredContextKeys: ['team'],
      frameLength: 1000,
      algorithmSuite,
    })
    const output = join(folder, 'out')
    const lacking = await reencrypt(join(messages, 'a'), '-o', output)
    expect(lacking.status).toBe(1)
    expect(await readdir(folder)).not.toContain('out')
    const result = await reencrypt(join(messages, 'a'), '-o', output, '--context', 'team=blue')
    expect(result).toMatchObject({ status: 0 })
    const header = inspectMessage(await readFile(output))
    expect(header).toMatchObject({ frameLength: 1000, algorithmSuite })
    expect(header.encryptionContext).toEqual({ shown: 'x' })
    const read = await opened(output, { encryptionContext })
    expect(Buffer.from(read.plaintext)).toEqual(plaintext)
    expect(await readdir(folder)).not.toContain(journal)
  })

  test.each([
    ['ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256', 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY'],
    [
      'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384',
      'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
    ],
  ] as const)('of %s becomes one of %s, where messages have to commit', async (before, after) => {
    const client = clientOf(oldBytes, { commitmentPolicy: 'FORBID_ENCRYPT_ALLOW_DECRYPT' })
    const { ciphertext } = await client.encrypt('text', { algorithmSuite: before })
    await writeFile(join(messages, 'a'), ciphertext)
    const policy = ['--commitment-policy', 'require-encrypt-allow-decrypt']
    expect(await inPlace(...policy)).toMatchObject({ status: 0 })
    const header = inspectMessage(await readFile(join(messages, 'a')))
    expect(header.algorithmSuite).toBe(after)
    expect(Buffer.from((await opened(join(messages, 'a'))).plaintext).toString()).toBe('text')
  })

  test('of nothing stays one of nothing', async () => {
    await put('a', '')
    expect(await inPlace()).toMatchObject({ status: 0 })
    expect((await opened(join(messages, 'a'))).plaintext).toHaveLength(0)
  })

  test('goes through pipes only unverified', async () => {
    const { ciphertext } = await oldClient.encrypt('text')
    const args = ['reencrypt', ...keyFlags()]
    const refused = await runCli(args, { input: ciphertext })
    expect(refused).toMatchObject({ status: 2, stdout: Buffer.alloc(0) })
    expect(refused.stderr).toContain('--unverified')
    const { status, stdout, stderr } = await runCli([...args, '--unverified'], {
      input: ciphertext,
    })
    expect(status).toBe(0)
    expect(stderr).toContain('not verified')
    expect(Buffer.from((await newClient.decrypt(stdout)).plaintext).toString()).toBe('text')
  })
})

describe('a folder in place', () => {
  test('has all files under the new key, and no journal', async () => {
    for (const name of ['a', 'b', 'c']) await put(name, name)
    const { status, stdout } = await inPlace('--json')
    expect(status).toBe(0)
    expect(records(stdout).map((record) => record['status'])).toEqual(['done', 'done', 'done'])
    for (const name of ['a', 'b', 'c']) {
      const { plaintext } = await opened(join(messages, name))
      expect(Buffer.from(plaintext).toString()).toBe(name)
    }
    expect((await readdir(messages)).sort()).toEqual(['a', 'b', 'c'])
  })

  test('a journal that calls an old file done is not believed', async () => {
    await put('a', 'a')
    await put('broken', '')
    await writeFile(join(messages, 'broken'), 'x')
    const before = await readFile(join(messages, 'a'))
    await inPlace()
    await writeFile(join(messages, 'a'), before)
    await rm(join(messages, 'broken'))
    const lines = (await readFile(join(messages, journal), 'utf8')).trim()
    const entry = JSON.parse(lines) as { to: string }
    entry.to = Buffer.from(inspectMessage(before).messageId).toString('base64')
    await appendFile(join(messages, journal), `\n${JSON.stringify(entry)}`)
    const { status, stdout } = await inPlace('--json')
    expect(status).toBe(0)
    expect(records(stdout)).toMatchObject([{ status: 'done' }])
    await opened(join(messages, 'a'))
  })

  test('a journal that is a link is refused, and what it leads to stays', async () => {
    await put('a', 'a')
    await writeFile(join(folder, 'precious'), 'precious')
    await symlink(join(folder, 'precious'), join(messages, journal))
    const { status, stderr } = await inPlace()
    expect(status).toBe(1)
    expect(stderr).toContain('no journal')
    expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('precious')
    await oldClient.decrypt(await readFile(join(messages, 'a')))
  })

  test('a journal of other keys is refused', async () => {
    await put('a', 'a')
    const line = JSON.stringify({ path: 'a', from: 'x', to: 'y', keys: 'others' })
    await writeFile(join(messages, journal), `\n${line}`)
    const { status, stderr } = await inPlace()
    expect(status).toBe(2)
    expect(stderr).toContain('other new keys')
    await oldClient.decrypt(await readFile(join(messages, 'a')))
  })
})

describe('wrong usage', () => {
  test.each([
    [[], '--from-kms'],
    [['--from-local', '--in-place', '-o', 'x'], 'exclude'],
    [['--from-local', '--in-place', '--local'], 'names of files'],
  ])('%j', async (args, reason) => {
    const { status, stderr } = await runCli(['reencrypt', ...args])
    expect(status).toBe(2)
    expect(stderr).toContain(reason)
  })
})
