import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type Server, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type SessionUse, openSession } from '../../../../src/cli/options/session.ts'
import { parsedSettings } from './parsed-settings.ts'

/** Refuses all, and remembers who asked: the access key id, and the region. */
let server: Server
let endpoint: string
const asked: string[] = []
let folder: string

beforeAll(async () => {
  server = createServer((request, response) => {
    const [, id, region] =
      /Credential=([^/]+)\/\d+\/([^/]+)/.exec(request.headers.authorization ?? '') ?? []
    asked.push(`${id} ${region}`)
    response.writeHead(400).end('{"__type":"AccessDeniedException"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  folder = await mkdtemp(join(tmpdir(), 'waxseal-profile-'))
  const credentials = ['p1', 'p2'].map(
    (name) => `[${name}]\naws_access_key_id = OF-${name}\naws_secret_access_key = secret\n`,
  )
  await writeFile(join(folder, 'credentials'), credentials.join(''))
  const regions = '[profile p1]\nregion = eu-west-1\n[profile p2]\nregion = eu-north-1\n'
  await writeFile(join(folder, 'config'), regions)
})

afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

beforeEach(() => {
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'))
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'OF-environment')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_REGION', undefined)
  vi.stubEnv('AWS_PROFILE', undefined)
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true')
  asked.length = 0
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

async function open(use: SessionUse, ...flags: string[]) {
  return openSession(use, await parsedSettings(use, [...flags, '--endpoint', endpoint]))
}

it.each([
  [['--profile', 'p2'], 'OF-p2 eu-north-1'],
  [['--profile', 'p2', '--region', 'us-west-2'], 'OF-p2 us-west-2'],
  [['--region', 'us-west-2'], 'OF-environment us-west-2'],
])('--profile is that of its own keys, with another of the other keys: %j', async (flags, who) => {
  const written: string[] = []
  for (const name of ['warn', 'error', 'log', 'info'] as const) {
    vi.spyOn(console, name).mockImplementation((text) => written.push(String(text)))
  }
  const from = await open('decrypt', '--kms', 'alias/old', '--profile', 'p1')
  const to = await open('encrypt', '--kms', 'alias/new', ...flags)
  await expect(to.clientFor().encrypt('x')).rejects.toThrow('AccessDenied')
  const other = await open('encrypt', '--kms', 'alias/old', '--profile', 'p1')
  await expect(other.clientFor().encrypt('x')).rejects.toThrow('AccessDenied')
  for (const session of [from, to, other]) await session.close()
  expect(asked).toEqual([who, 'OF-p1 eu-west-1'])
  expect(written).toEqual([])
})
