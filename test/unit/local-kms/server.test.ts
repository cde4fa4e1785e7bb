import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { CreateKeyCommand, GenerateDataKeyCommand, ListKeysCommand } from '@aws-sdk/client-kms'
import { describe, expect, it, vi } from 'vitest'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { LocalKms, type LocalKmsOptions } from '../../../src/local-kms/index.ts'
import { containing, raw, rejection, start, target } from './harness.ts'

describe('the protocol', () => {
  it('answers as KMS does', async () => {
    const { kms } = await start()
    const { status, headers, json } = await raw(
      kms,
      '{"NumberOfBytes":4}',
      target('GenerateRandom'),
    )
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/x-amz-json-1.1')
    expect(headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/)
    expect(JSON.stringify(json)).toMatch(/^\{"Plaintext":".{6}=="\}$/)
  })

  it('fails as KMS does', async () => {
    const { kms } = await start()
    const { status, headers, json } = await raw(kms, '{"KeyId":"no"}', target('DescribeKey'))
    expect(status).toBe(400)
    expect(headers['x-amzn-errortype']).toBe('NotFoundException')
    expect(json).toEqual({ __type: 'NotFoundException', message: "Invalid keyId 'no'" })
  })

  it.each([
    'TrentService.Nonsense',
    'TrentService.__proto__',
    'TrentService.constructor',
    'Encrypt',
  ])('does not know %s', async (name) => {
    const { kms } = await start()
    const { status, json } = await raw(kms, '{}', { 'x-amz-target': name })
    expect(status).toBe(400)
    expect(json).toMatchObject({ __type: 'UnknownOperationException' })
  })

  it('needs a target, POST and /', async () => {
    const { kms } = await start()
    expect((await raw(kms, '{}')).json).toMatchObject({ __type: 'UnknownOperationException' })
    for (const elsewhere of [{ method: 'GET' }, { method: 'OPTIONS' }, { path: '/keys' }]) {
      const { status, json } = await raw(kms, '', target('ListKeys'), elsewhere)
      expect(status).toBe(404)
      expect(json).toMatchObject({ __type: 'UnknownOperationException' })
    }
  })

  it.each([
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '{"KeyId":7}',
    '{"KeyId":"a","GrantTokens":"b"}',
    Uint8Array.of(0x22, 0xff, 0x22),
  ])('needs a JSON object with members of the right type: %s', async (body) => {
    const { kms } = await start()
    const { status, json } = await raw(kms, body, target('DescribeKey'))
    expect(status).toBe(400)
    expect(json).toMatchObject({ __type: 'SerializationException' })
  })

  it('needs blobs in base64, and does not repeat what it got', async () => {
    const { kms } = await start()
    const { json } = await raw(kms, '{"KeyId":"a","Plaintext":"not base64!"}', target('Encrypt'))
    expect(json).toMatchObject({ __type: 'SerializationException' })
    expect(JSON.stringify(json)).not.toContain('not base64')
  })

  it('ignores members that it does not know, and those that are null', async () => {
    const { kms } = await start()
    const body = '{"NumberOfBytes":1,"Recipient":null,"New":1,"__proto__":{"a":1}}'
    expect((await raw(kms, body, target('GenerateRandom'))).status).toBe(200)
  })

  it('says all that is wrong at once', async () => {
    const { kms } = await start()
    const { json } = await raw(kms, '{"Plaintext":""}', target('Encrypt'))
    expect(json).toEqual({
      __type: 'ValidationException',
      message:
        "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member " +
        "must not be null; Value at 'plaintext' failed to satisfy constraint: Member must have " +
        'length greater than or equal to 1',
    })
  })

  it('takes a body of 1 MiB and no more', async () => {
    const { kms } = await start()
    const body = '{"NumberOfBytes":1}'.padEnd(1024 * 1024)
    expect((await raw(kms, body, target('GenerateRandom'))).status).toBe(200)
    const { status, json } = await raw(
      kms,
      body + ' '.repeat(1024 * 1024),
      target('GenerateRandom'),
    )
    expect(status).toBe(413)
    expect(json).toMatchObject({ __type: 'RequestEntityTooLargeException' })
  })

  it('is not there for a name that is not of the loopback', async () => {
    const { kms } = await start()
    const ask = (host: string) => raw(kms, '{}', { ...target('ListKeys'), host })
    for (const host of ['localhost:1', 'kms.localhost', '127.0.0.1', '[::1]:80']) {
      expect((await ask(host)).status).toBe(200)
    }
    for (const host of [
      'example.com',
      'localhost.example.com',
      '127.0.0.1.example.com',
      'x@localhost',
    ]) {
      expect((await ask(host)).status).toBe(403)
    }
  })

  it('is not there for a web page', async () => {
    const { kms } = await start()
    const headers = { ...target('ListKeys'), 'content-type': 'text/plain' }
    for (const origin of ['https://example.com', 'null', kms.endpoint, '']) {
      const { status, json } = await raw(kms, '{}', { ...headers, origin })
      expect(status).toBe(403)
      expect(json).toMatchObject({ __type: 'AccessDeniedException' })
    }
    expect(kms.calls()).toBe(0)
    expect((await raw(kms, '{}', headers)).status).toBe(200)
  })

  it('survives a client that goes away', async () => {
    const { kms, client } = await start()
    const socket = connect(Number(new URL(kms.endpoint).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{')
    await client.send(new ListKeysCommand({}))
    socket.destroy()
    await client.send(new ListKeysCommand({}))
  })

  it('serves many at once', async () => {
    const { client } = await start()
    const made = await Promise.all(
      Array.from({ length: 20 }, () => client.send(new CreateKeyCommand({}))),
    )
    const ids = made.map(({ KeyMetadata }) => KeyMetadata?.KeyId)
    expect(new Set(ids).size).toBe(20)
    const dataKeys = await Promise.all(
      ids.map((KeyId) => client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))),
    )
    expect(dataKeys.map(({ KeyId }) => KeyId?.split('/')[1])).toEqual(ids)
  })
})

/** Options as JavaScript may pass them. */
const unchecked = (json: string) => JSON.parse(json) as LocalKmsOptions

describe('start', () => {
  it('gives what a client needs', async () => {
    const { kms } = await start({ region: 'eu-central-1' })
    expect(kms.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(kms.clientConfig()).toEqual({
      endpoint: kms.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    })
  })

  it.each([
    ['port', { port: 65536 }],
    ['port', { port: 1.5 }],
    ['region', { region: 'nowhere' }],
    ['accountId', { accountId: '1' }],
    ['storePath', { storePath: '' }],
    ['log', unchecked('{"log":true}')],
    ['regoin', unchecked('{"regoin":"us-east-1"}')],
    ['options', unchecked('"us-east-1"')],
  ])('names the option %s that is wrong', async (field, options) => {
    const error = await rejection(LocalKms.start(options))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    expect(error).toMatchObject({ field, message: containing(field) })
  })

  it('says that the port is taken', async () => {
    const { kms } = await start()
    const port = Number(new URL(kms.endpoint).port)
    expect(await rejection(start({ port }))).toMatchObject({
      code: 'ERR_LOCAL_KMS',
      message: containing(`port ${port}`),
    })
  })

  it('warns through log', async () => {
    const warnings: string[] = []
    await start({ log: (message) => warnings.push(message) })
    expect(warnings).toEqual([containing('development and tests only')])
  })

  it('warns once a process by default', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    const servers = [await LocalKms.start(), await LocalKms.start()]
    for (const kms of servers) await kms.close()
    process.off('warning', listen)
    const ours = warnings.filter(({ name }) => name === 'WaxsealLocalKms')
    expect(ours.map(({ message }) => message)).toEqual([containing('development')])
  })

  it('shows nothing of its keys', async () => {
    const { kms } = await start()
    await kms.createKey()
    const shown = inspect(kms, { depth: Infinity, showHidden: true })
    expect(shown).not.toMatch(/material|store|secret/i)
    expect(JSON.parse(JSON.stringify(kms))).toEqual({ endpoint: kms.endpoint, region: kms.region })
  })
})

describe('close', () => {
  it('ends idle connections and may be called twice', async () => {
    const { kms, client } = await start()
    await client.send(new ListKeysCommand({})) // the client's agent keeps its connection
    const before = performance.now()
    await Promise.all([kms.close(), kms.close()])
    // An idle connection that is left to itself lasts for 5 seconds.
    expect(performance.now() - before).toBeLessThan(4000)
    await expect(raw(kms, '{}')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('lets a request that is under way finish', async () => {
    const { kms, client } = await start()
    const body = JSON.stringify({ NumberOfBytes: 1 })
    const socket = connect(Number(new URL(kms.endpoint).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      'POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: TrentService.GenerateRandom\r\n' +
        `Content-Length: ${body.length}\r\n\r\n{`,
    )
    await client.send(new ListKeysCommand({})) // by now the server has read the first part
    const closed = kms.close()
    socket.write(body.slice(1))
    const answer = await text(socket) // ends, since the server closes the connection
    expect(answer).toContain('HTTP/1.1 200')
    expect(answer).toContain('Plaintext')
    await closed
  })

  it('is what await using calls', async () => {
    const kms = await LocalKms.start({ log: () => {} })
    await kms[Symbol.asyncDispose]()
    await expect(raw(kms, '{}', target('ListKeys'))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('leaves nothing that keeps the process alive', async () => {
    const { kms, client } = await start()
    await Promise.all([kms.createKey(), client.send(new ListKeysCommand({}))])
    await raw(kms, '{}', target('ListKeys'))
    const ofNetwork = () =>
      process.getActiveResourcesInfo().filter((resource) => resource.startsWith('TCP'))
    expect(ofNetwork()).toContain('TCPServerWrap')
    await kms.close()
    await vi.waitFor(() => {
      expect(ofNetwork()).toEqual([])
    })
  })
})
