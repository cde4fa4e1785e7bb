import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Report, type ReportSource, makeReport } from '../../../src/cli/inspect/report.ts'
import { bodyByGeometry } from '../../../src/cli/inspect/geometry.ts'
import { HexListing } from '../../../src/cli/inspect/hex-listing.ts'
import { jsonLine, reportAsRecord } from '../../../src/cli/inspect/record.ts'
import { reportInWords } from '../../../src/cli/inspect/words.ts'
import {
  type AlgorithmSuiteName,
  EnvelopeClient,
  RawAesKeyring,
  algorithmSuites,
  inspectMessage,
} from '../../../src/index.ts'
import { nonFramedMessage } from '../../support/non-framed.ts'

/* The messages of docs/format.md, whose bytes are explained there one by one. */
let signed: Buffer
let old: Buffer
let itemHeader: Buffer

beforeAll(async () => {
  const page = await readFile(new URL('../../../docs/format.md', import.meta.url), 'utf8')
  const hex = (name: string) => {
    const [, text = ''] = new RegExp(`const ${name} = hex\\(\`([^\`]*)\``).exec(page) ?? []
    return Buffer.from(text.replace(/#.*/g, '').replace(/\s/g, ''), 'hex')
  }
  ;[signed, old, itemHeader] = [hex('version2'), hex('version1'), hex('head')]
})

const keyring = new RawAesKeyring({
  keyNamespace: 'n',
  keyName: 'k',
  wrappingKey: Buffer.alloc(32),
})

async function encrypt(length: number, frameLength: number, algorithmSuite: AlgorithmSuiteName) {
  const { commitment } = algorithmSuites[algorithmSuite]
  const commitmentPolicy = commitment
    ? 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT'
    : 'FORBID_ENCRYPT_ALLOW_DECRYPT'
  const client = new EnvelopeClient({ keyring, commitmentPolicy })
  const { ciphertext } = await client.encrypt(Buffer.alloc(length), { algorithmSuite, frameLength })
  return Buffer.from(ciphertext)
}

async function* chunked(bytes: Uint8Array, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

/** As a pipe gives it. */
function piped(bytes: Uint8Array, chunkLength = 7) {
  return makeReport({ chunks: chunked(bytes, chunkLength) })
}

/** As a file gives it; says how many bytes were asked for. */
async function fromFile(bytes: Uint8Array) {
  let read = 0
  const geometry: ReportSource['geometry'] = (header) =>
    bodyByGeometry(header, bytes.length, async (offset, length) => {
      const piece = bytes.subarray(offset, offset + length)
      read += piece.length
      return piece
    })
  const report = await makeReport({ chunks: chunked(bytes, 4096), geometry })
  return { report, read }
}

async function words(bytes: Uint8Array) {
  return reportInWords('file', await piped(bytes))
}

async function listing(bytes: Uint8Array, chunkLength = 13) {
  let text = ''
  const hex = new HexListing(async (more) => {
    text += more
  })
  await makeReport({ chunks: chunked(bytes, chunkLength) }, hex)
  return text
}

describe('inspect', () => {
  it('shows a signed message in words, as not verified', async () => {
    const text = await words(signed)
    expect(text).toContain('NOT VERIFIED')
    for (const part of [
      'version 2',
      'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384 (0x0578)',
      '730ac86afc0d9b1233a3cd30dfaf72d39e686127c467ad58d7241d7abd0c9ef8',
      '"tenant" = "acme"',
      'raw AES key "key-1" of the namespace "docs"',
      '65,536 bytes',
      '1 frame',
      '13 bytes',
      'signature of 103 bytes',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('shows one of version 1 in words', async () => {
    const text = await words(old)
    expect(text).toContain('version 1')
    expect(text).toContain('no key commitment')
    expect(text).toContain('2 frames')
    expect(text).toContain('not signed')
  })

  it('shows the header of an item, in binary and in base64', async () => {
    const report = await piped(itemHeader)
    expect(report).toMatchObject({ kind: 'item-header', base64: false })
    expect(await piped(Buffer.from(itemHeader.toString('base64')))).toMatchObject({
      kind: 'item-header',
      base64: true,
    })
    const text = reportInWords('file', report)
    expect(text).toContain('0x6701')
    expect(text).toContain('1 encrypted attribute')
  })

  it('reads base64 with white space, in pieces of any size', async () => {
    const text = ` ${signed.toString('base64').replace(/.{76}/g, '$&\r\n')}\n`
    const whole = await piped(signed)
    for (const length of [1, 5, 64, 4096]) {
      expect(await piped(Buffer.from(text), length)).toEqual({ ...whole, base64: true })
    }
  })

  it.each(
    Object.keys(algorithmSuites).flatMap((suite) =>
      [0, 1, 9, 10, 11, 20, 95].map((length) => [suite as AlgorithmSuiteName, length] as const),
    ),
  )('tells the body of a file as it counts that of a pipe: %s, %i bytes', async (suite, length) => {
    const message = await encrypt(length, 10, suite)
    const { report } = await fromFile(message)
    expect(report).toMatchObject({ kind: 'message', body: { plaintextLength: length } })
    expect(report).not.toHaveProperty('problem')
    expect(await piped(message)).toEqual(report)
  })

  it('does not read a file through', async () => {
    const message = await encrypt(
      1 << 20,
      4096,
      'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
    )
    const { report, read } = await fromFile(message)
    expect(report).toMatchObject({ body: { frames: 256, plaintextLength: 1 << 20 } })
    expect(read).toBeLessThan(1024)
  })

  it('reads a body that is not framed', async () => {
    const message = nonFramedMessage(Buffer.alloc(32), Buffer.alloc(1000))
    const { report } = await fromFile(message)
    expect(report).toMatchObject({ body: { frames: 0, plaintextLength: 1000, bytesBehind: 0 } })
    expect(await piped(message)).toEqual(report)
  })

  it('says of each cut where it ends', async () => {
    for (let length = 3; length < old.length; length++) {
      const { report } = await fromFile(old.subarray(0, length))
      const offset = 'problem' in report ? report.problem.offset : undefined
      expect(offset).toBe(length)
      expect(report).toEqual(await piped(old.subarray(0, length)))
    }
  })

  it('shows what it could read of a header that is cut off', async () => {
    const text = await words(signed.subarray(0, 100))
    expect(text).toContain('ends at byte 100')
    expect(text).toContain('aws-crypto-public-key')
  })

  it('says how much is behind the end', async () => {
    const { report } = await fromFile(Buffer.concat([old, Buffer.from('abc')]))
    expect(report).toMatchObject({
      body: { bytesBehind: 3, frames: 2 },
      problem: { offset: old.length },
    })
  })

  it('says where frames are out of order', async () => {
    const broken = Buffer.from(old)
    const { headerLength } = inspectMessage(old)
    broken[headerLength + 3] = 9
    expect(await words(broken)).toMatch(/Problem .*sequence number 9.*byte 145/)
  })

  it.each<[string, () => Buffer]>([
    ['an empty file', () => Buffer.alloc(0)],
    ['a gzip archive', () => gzipSync('text')],
    ['a zip archive', () => Buffer.from('504b030414000000', 'hex')],
    ['a PDF document', () => Buffer.from('%PDF-1.7\n')],
    ['a PNG picture', () => Buffer.from('89504e470d0a1a0a0000', 'hex')],
    ['a JPEG picture', () => Buffer.from('ffd8ffe000104a464946', 'hex')],
    ['a tar archive', () => Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\0')])],
    ['a private key in PEM', () => Buffer.from('-----BEGIN PRIVATE KEY-----\n')],
    ['a certificate in PEM', () => Buffer.from('-----BEGIN CERTIFICATE-----\n')],
    ['JSON', () => Buffer.from('{"a": 1}')],
    ['JSON of an encrypted item', () => Buffer.from('{"aws_dbe_head": {"B": "AQE="}}')],
    ['text', () => Buffer.from('Grüße')],
    ['an age file', () => Buffer.from('age-encryption.org/v1\n-> X25519 abc\n')],
    ['an OpenPGP message', () => Buffer.from('-----BEGIN PGP MESSAGE-----\n')],
    ['an OpenPGP message', () => Buffer.from('85010c0300112233445566', 'hex')],
    ['a CiphertextBlob of AWS KMS', () => Buffer.from('0102020078a1b2c3', 'hex')],
    ['base64 of a CiphertextBlob of AWS KMS', () => Buffer.from('AQICAHhkw8PDw8PD')],
    ['a binary file', () => Buffer.from('00ff00ff', 'hex')],
  ])('says that a file is %s', async (what, make) => {
    const report = await piped(make())
    expect(report).toEqual({ kind: 'other', what: expect.stringMatching(`^${what}`) })
  })

  it('lists every byte of the header, and what they are', async () => {
    const text = await listing(signed)
    const lines = text.split('\n').filter((line) => !line.startsWith('#'))
    const bytes = lines.map((line) => line.replace(/#.*/, '').replace(/\s/g, '')).join('')
    expect(bytes).toBe(signed.toString('hex'))
    expect(text).toContain('# 0        version of the format')
    expect(text).toMatch(/^0004 +# 140 +value: 4 bytes$/m)
    expect(text).toMatch(/^ffffffff +# 284 +the final frame$/m)
  })

  it('lists contents by their beginning alone', async () => {
    const message = await encrypt(5000, 1000, 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY')
    const text = await listing(message, 500)
    expect(text).toContain('# … 1000 bytes in all')
    expect(text).toContain('tag of the frame 5'.replace('frame 5', 'final frame'))
    expect(text.split('\n').length).toBeLessThan(100)
  })

  it('prints no text of a message as it stands', async () => {
    const hostile = '\u001b]0;owned\u0007\r\n\u009b2J\u202e\u2028'
    const names = { keyNamespace: `n${hostile}`, keyName: hostile, wrappingKey: Buffer.alloc(32) }
    const client = new EnvelopeClient({ keyring: new RawAesKeyring(names) })
    const encryptionContext = { [hostile]: hostile }
    const { ciphertext } = await client.encrypt('text', { encryptionContext })
    const reports: Report[] = [await piped(ciphertext), await piped(ciphertext.subarray(0, 300))]
    const texts = reports.map((report) => reportInWords(hostile, report))
    const lines = reports.map((report) => jsonLine(reportAsRecord(hostile, report)))
    for (const text of [...texts, ...lines, await listing(ciphertext)]) {
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
    }
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ header: { encryptionContext } })
  })
})
