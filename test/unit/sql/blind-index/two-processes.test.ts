import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BranchKeyStore } from '../../../../src/hierarchical.ts'
import { jsonKeyStorage } from '../../../support/json-key-storage.ts'
import { KmsRegions } from '../../../support/kms-regions.ts'
import { indexed } from './harness.ts'

const script = fileURLToPath(new URL('index-process.ts', import.meta.url))
const region = 'eu-central-1'
const branchKeyId = 'users'
let regions: KmsRegions
let folder: string
beforeAll(async () => {
  regions = await KmsRegions.start()
  folder = mkdtempSync(join(tmpdir(), 'waxseal-index-'))
})
afterAll(async () => {
  await regions.close()
  rmSync(folder, { recursive: true })
})

async function inAnotherProcess(file: string, keyArn: string, value: string): Promise<string> {
  const args = [regions.kms.endpoint, region, file, branchKeyId, keyArn, value]
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', script, ...args],
    { env },
  )
  return stdout.trim()
}

it('is the same in two processes that share branch keys, also after a rotation', async () => {
  const file = join(folder, 'keys.json')
  const keyArn = await regions.kms.createKey({ region })
  const keyStore = new BranchKeyStore({
    client: regions.clientOf(region),
    kmsConfiguration: { type: 'key', keyArn },
    logicalKeyStoreName: 'test-keys',
    storage: jsonKeyStorage(file),
  })
  await keyStore.createKey({ branchKeyId, encryptionContext: { of: 'indexes' } })
  const { indexOf } = indexed({ normalize: 'lowercase', indexKey: { keyStore, branchKeyId } })
  const index = await indexOf('ada@straße.example')
  await keyStore.versionKey({ branchKeyId })
  expect(await inAnotherProcess(file, keyArn, 'ADA@STRASSE.example')).toBe(index)
})
