// Measures waxseal beside AWS's library for Node and beside the floor, in one process and in turn, and
// writes docs/performance.md. `npm run bench`, or `npm run bench -- --rounds 3 --only stream`.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Contestant, type Suite, peer, waxseal } from './clients.ts'
import {
  floorDecrypt,
  floorDecryptGathered,
  floorEncrypt,
  floorEncryptGathered,
  floorSmallDecrypt,
  floorSmallEncrypt,
  sealFrames,
} from './floor.ts'
import { cachingRows } from './caching.ts'
import { countCalls } from './call-count.ts'
import { expiryFindings } from './expiry.ts'
import { type Finding, findingsTable } from './findings.ts'
import { hierarchicalRows } from './hierarchical.ts'
import { importRow } from './import-time.ts'
import { itemRows } from './items.ts'
import { kmsRows } from './kms.ts'
import { type Row, measure, repeated, repeatedAtOnce } from './measure.ts'
import { performanceDocument, table } from './report.ts'
import { sliceFinding, sliceRows } from './slices.ts'
import { sqlRows } from './sql-values.ts'

const MiB = 1 << 20
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    write: { type: 'string', default: 'docs/performance.md' },
  },
})
const rounds = Number(values.rounds)

const plaintext = randomBytes(64 * MiB)
const small = plaintext.subarray(0, 100)

const chunkLength = 64 * 1024 // what fs.createReadStream gives

function* chunks(bytes: Uint8Array, times = 1): Generator<Uint8Array> {
  for (let time = 0; time < times; time++) {
    for (let at = 0; at < bytes.length; at += chunkLength) {
      yield bytes.subarray(at, at + chunkLength)
    }
  }
}

async function oneShotRows(frameLength: number, targets: Row['targets']): Promise<Row[]> {
  const frames = sealFrames(plaintext, frameLength)
  const message = await waxseal.encrypt(plaintext, 'unsigned', frameLength)
  const work = `64 MiB one-shot, 0x0478, ${frameLength / 1024} KiB frames`
  return [
    {
      work: `${work}, encrypt`,
      bytes: plaintext.length,
      targets,
      ours: () => waxseal.encrypt(plaintext, 'unsigned', frameLength),
      peer: () => peer.encrypt(plaintext, 'unsigned', frameLength),
      floor: () => {
        floorEncrypt(plaintext, frameLength)
      },
      gathered: () => floorEncryptGathered(plaintext, frameLength),
    },
    {
      work: `${work}, decrypt`,
      bytes: plaintext.length,
      targets,
      ours: () => waxseal.decrypt(message),
      peer: () => peer.decrypt(message),
      floor: () => {
        floorDecrypt(frames)
      },
      gathered: () => floorDecryptGathered(frames),
    },
  ]
}

async function streamRows(suite: Suite, targets: Row['targets']): Promise<Row[]> {
  const frameLength = 64 * 1024
  const times = 16 // × 64 MiB
  const signed = suite === 'signed'
  const frames = sealFrames(plaintext, frameLength)
  const message = await collect(waxseal, suite, frameLength, times)
  const work = `1 GiB stream, ${signed ? '0x0578 (signed)' : '0x0478'}, 64 KiB frames`
  return [
    {
      work: `${work}, encrypt`,
      bytes: times * plaintext.length,
      targets,
      ours: () => waxseal.encryptStream(chunks(plaintext, times), suite, frameLength),
      peer: () => peer.encryptStream(chunks(plaintext, times), suite, frameLength),
      floor: () => {
        floorEncrypt(plaintext, frameLength, { times, signed })
      },
    },
    {
      work: `${work}, decrypt`,
      bytes: times * plaintext.length,
      targets,
      ours: () => waxseal.decryptStream(chunks(message)),
      peer: () => peer.decryptStream(chunks(message)),
      floor: () => {
        floorDecrypt(frames, { times, signed })
      },
    },
  ]
}

/** One message of `times` × 64 MiB, for the decrypting rows. */
async function collect(
  contestant: Contestant,
  suite: Suite,
  frameLength: number,
  times: number,
): Promise<Uint8Array> {
  const whole = Buffer.alloc(times * plaintext.length)
  for (let time = 0; time < times; time++) whole.set(plaintext, time * plaintext.length)
  return contestant.encrypt(whole, suite, frameLength)
}

async function smallRows(targets: Row['targets']): Promise<Row[]> {
  const messages = 2000
  const [frame] = sealFrames(small, 100)
  if (!frame) throw new Error('unreachable: a message has a frame')
  const message = await waxseal.encrypt(small, 'unsigned', 4096)
  return [
    {
      work: '100-byte messages, raw AES keyring, 0x0478, encrypt',
      messages,
      targets,
      ours: repeated(messages, () => waxseal.encrypt(small, 'unsigned', 4096)),
      peer: repeated(messages, () => peer.encrypt(small, 'unsigned', 4096)),
      floor: repeatedAtOnce(messages, () => {
        floorSmallEncrypt(small)
      }),
    },
    {
      work: '100-byte messages, raw AES keyring, 0x0478, decrypt',
      messages,
      targets,
      ours: repeated(messages, () => waxseal.decrypt(message)),
      peer: repeated(messages, () => peer.decrypt(message)),
      floor: repeatedAtOnce(messages, () => {
        floorSmallDecrypt(frame)
      }),
    },
  ]
}

// The small ones first, while the heap is small.
const groups: Record<string, () => Promise<Row[]>> = {
  small: () => smallRows({ floor: 0.5, peer: 8 }),
  cached: () => cachingRows(small, { floor: 0.6, peer: 10 }),
  hierarchical: () => hierarchicalRows(small, { peer: 6 }),
  items: () => itemRows(),
  sql: () => sqlRows(),
  slices: () => sliceRows({ floor: 1 / 3 }),
  'one-shot-64k': () => oneShotRows(64 * 1024, { floor: 0.85, peer: 2 }),
  'one-shot-4k': () => oneShotRows(4 * 1024, { floor: 0.8, peer: 3.5 }),
  'stream-unsigned': () => streamRows('unsigned', { floor: 0.8, peer: 4 }),
  'stream-signed': () => streamRows('signed', { floor: 0.85, peer: 1.8 }),
}

const results = []
for (const [name, rows] of Object.entries(groups)) {
  if (!name.includes(values.only)) continue
  for (const row of await rows()) results.push(await measure(row, rounds))
}
if ('kms'.includes(values.only)) {
  const { rows, stop } = await kmsRows(small, { floor: 0.8, peer: 1 })
  for (const row of rows) results.push(await measure(row, rounds))
  await stop()
}
if ('import'.includes(values.only)) results.push(importRow(3 * rounds))
const findings: Finding[] = []
if ('kms-calls'.includes(values.only)) findings.push(await countCalls(small))
if ('slices'.includes(values.only)) findings.push(await sliceFinding())
if ('expiry'.includes(values.only)) findings.push(...(await expiryFindings(small, 10 * rounds)))
if (results.length > 0) console.log(table(results))
if (findings.length > 0) console.log(findingsTable(findings))
if (values.only === '') {
  writeFileSync(values.write, performanceDocument(results, findings, rounds))
}
