import { afterAll, beforeAll, expect, test } from 'vitest'
import { LocalKms } from '../../../src/local-kms/index.ts'
import { runCli } from '../../support/cli.ts'
import { DynamoDbEmulator } from '../../support/dynamodb/emulator.ts'

let kms: LocalKms
let dynamoDb: DynamoDbEmulator
let keyArn: string
let newArn: string

beforeAll(async () => {
  kms = await LocalKms.start({ log: () => {} })
  dynamoDb = await DynamoDbEmulator.start()
  keyArn = await kms.createKey()
  newArn = await kms.createKey()
})
afterAll(async () => {
  await kms.close()
  await dynamoDb.close()
})

function keys(...args: string[]) {
  const { endpoint, region, credentials } = kms.clientConfig()
  const env = {
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
  return runCli(['keys', ...args, '--key-store', 'keys'], { env })
}

const json = (text: Buffer) =>
  text
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('a branch key from its creation to another KMS key', async () => {
  const missing = await keys('list')
  expect(missing).toMatchObject({ status: 1 })
  expect(missing.stderr).toContain('There is no table')
  const id = ['--id', 'tenant', '--context', 'tenant=acme=1']
  const created = await keys('create', '--kms', keyArn, '--create-table', ...id, '--json')
  expect(created).toMatchObject({ status: 0, stderr: '' })
  expect(json(created.stdout)).toMatchObject([{ branchKeyId: 'tenant', tableCreated: true }])
  const twice = await keys('create', '--kms', keyArn, ...id)
  expect(twice).toMatchObject({ status: 1 })
  const version = await keys('version', 'tenant', '--kms', keyArn)
  expect(version.stdout.toString()).toContain('the branch key tenant has the new version')
  const versions = json((await keys('list', 'tenant', '--json')).stdout)
  expect(versions.map(({ type }) => String(type).split(':').slice(0, 2).join(':'))).toEqual([
    'beacon:ACTIVE',
    'branch:ACTIVE',
    'branch:version',
    'branch:version',
  ])
  const inWords = (await keys('list', 'tenant')).stdout.toString().trim().split('\n')
  expect(new Set(inWords).size).toBe(4)
  expect(inWords.filter((line) => line.includes('  active  '))).toHaveLength(1)
  const moved = await keys('rewrap', 'tenant', '--kms', keyArn, '--to', newArn, '--json')
  expect(json(moved.stdout)).toMatchObject([{ rewrapped: 4, alreadyThere: 0 }])
  const listed = await keys('list')
  expect(listed.stdout.toString()).toContain(newArn)
  expect(listed.stdout.toString()).toContain('tenant=acme=1')
  expect((await keys('list', 'stranger')).stderr).toContain('no branch key "stranger"')
  expect(await keys('version', 'stranger', '--kms', newArn)).toMatchObject({ status: 1 })
}, 60_000)

test.each([
  [['create'], '--kms ARN'],
  [['create', '--hierarchy-version', '3', '--kms', 'x'], '1 or 2'],
  [['version'], 'id'],
  [['rewrap', 'tenant', '--kms', 'x'], '--to'],
  [['create', '--kms', 'alias/x'], 'ARN'],
])('%j is wrong usage', async (args, reason) => {
  const { status, stderr } = await keys(...args)
  expect(stderr).toContain(reason)
  expect(status).toBe(2)
})
