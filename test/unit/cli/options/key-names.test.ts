import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { partitionOf } from '../../../../src/cli/options/kms-keys.ts'
import { type UsedKey, openSession } from '../../../../src/cli/options/session.ts'
import { parsedSettings } from './parsed-settings.ts'

const publicKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqX0cEvgMcvPuIa/HPC9V
FQea2b0O6AWljeyOPIHVDtuziNf7uetNC8pRbFn5oSizraXRklKKydK3hwD+Jz/6
fpOOflB/B6t5LK5USmVHZ7IcURkwhJJSoUVKwSMf4uTcDaK3A5Em0GZ7JMMJ6lNH
L10Xik1SGV+o2apPIUiiNBAbIgTj13i12Qm5gwWG7d8H0oVdwyKQpKhZFfC7p07I
ZLvrXUf+1mWSxfTklbv+tVUxKeaXyH3u0HwtQs44bmrwG+508LRYX0SYPT0r771a
rL28JFpomhqykvaRUyqvCaA11/v0OCT6NfoxdSZTkgKRh/giR9mR6NCVMXk3owDm
EQIDAQAB
-----END PUBLIC KEY-----
`
const files: Readonly<Record<string, string | Uint8Array>> = {
  aes: Uint8Array.from({ length: 32 }, (_, index) => index),
  public: publicKey,
  password: 'passwordpassword',
  lines: 'pass word\npass word pass  word \n',
  zeros: new Uint8Array(32),
  'zeros-in-hex': '00'.repeat(32),
  control: Buffer.from('passwordpasswor\u0001'),
}
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-names-'))
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content, { mode: 0o600 })
  }
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function open(use: 'encrypt' | 'decrypt', flag: string, name: string) {
  return openSession(use, await parsedSettings(use, [flag, join(folder, name)]))
}

// Messages carry these names: with others, those that were made before would not open. They were worked out by openssl
// and by Python.
it.each([
  ['--raw-aes', 'aes', 'aes-fd8ac50c77833be5c3307f795b7b19a2'],
  ['--raw-rsa-public', 'public', 'rsa-cc6a59b8aa511f1cd117f390a0c61aaa'],
])('the name of a key of %s is what it ever was', async (flag, name, expected) => {
  const session = await open('encrypt', flag, name)
  const used: UsedKey[] = []
  await session.clientFor((key) => used.push(key)).encrypt('a secret')
  await session.close()
  expect(used).toEqual([{ provider: 'waxseal', key: expected }])
})

it.each([
  ['password', true],
  ['lines', true],
  ['zeros', true],
  ['zeros-in-hex', true],
  ['control', false],
  ['aes', false],
])('a key that can be guessed does not encrypt: %s, %s', async (name, isRefused) => {
  const encryption = open('encrypt', '--raw-aes', name)
  if (isRefused) await expect(encryption).rejects.toThrow('can be guessed')
  else await (await encryption).close()
  await (await open('decrypt', '--raw-aes', name)).close()
})

it.each([
  ['eu-central-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['us-isof-south-1', 'aws-iso-f'],
  ['eu-isoe-west-1', 'aws-iso-e'],
  ['eusc-de-east-1', 'aws-eusc'],
])('%s is a region of %s', (region, partition) => {
  expect(partitionOf(region)).toBe(partition)
})
