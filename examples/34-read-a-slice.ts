// Reads slices of an encrypted file and of a message in memory: only the frames that a slice touches are read and
// decrypted, each verified. What was changed or cut is refused, and so is a signed message, unless you say otherwise.
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EnvelopeClient, EnvelopeError, RawAesKeyring } from 'waxseal'

const client = new EnvelopeClient({
  keyring: new RawAesKeyring({
    keyNamespace: 'examples',
    keyName: 'archive-key',
    wrappingKey: randomBytes(32),
  }),
})
// Without a signature, which is over the whole message and so cannot be verified of a slice.
const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const

const recordLength = 32
const record = (number: number) => `measurement ${number}`.padEnd(recordLength - 1) + '\n'
const records = Array.from({ length: 200_000 }, (_, number) => record(number)).join('')

const folder = await mkdtemp(join(tmpdir(), 'waxseal-example-'))
try {
  const plain = join(folder, 'measurements.txt')
  const sealed = `${plain}.sealed`
  await writeFile(plain, records)
  await client.encryptFile(plain, sealed, unsigned)

  const reader = await client.openMessage(sealed)
  try {
    console.log(`${reader.size / recordLength} records, frames of ${reader.header.frameLength}`)
    const start = 123_456 * recordLength
    const slice = await reader.read(start, start + recordLength)
    console.log(`found: ${Buffer.from(slice).toString().trim()}`)
  } finally {
    await reader.close() // forgets the key and closes the file
  }

  // A bit that changed in the middle: what does not touch its frame still opens.
  const file = await open(sealed, 'r+')
  const { size } = await file.stat()
  await file.write(randomBytes(8), 0, 8, Math.floor(size / 2))
  await file.close()
  const damaged = await client.openMessage(sealed)
  console.log(
    `the first: ${Buffer.from(await damaged.read(0, recordLength))
      .toString()
      .trim()}`,
  )
  const middle = Math.floor(damaged.size / 2)
  console.log(`the middle: ${await codeOf(damaged.read(middle, middle + recordLength))}`)
  await damaged.close()
} finally {
  await rm(folder, { recursive: true })
}

// The same of a message in memory. One that was cut does not open: its final frame is not at its end.
const { ciphertext } = await client.encrypt(records, unsigned)
const inMemory = await client.openMessage(ciphertext)
console.log(
  `in memory: ${Buffer.from(await inMemory.read(0, recordLength))
    .toString()
    .trim()}`,
)
await inMemory.close()
console.log(`cut: ${await codeOf(client.openMessage(ciphertext.subarray(0, 3_000_000)))}`)

// By default messages are signed.
const signed = (await client.encrypt(records)).ciphertext
console.log(`signed: ${await codeOf(client.openMessage(signed))}`)
const consented = await client.openMessage(signed, { signatures: 'dangerouslyUnverified' })
console.log(`signed, and its signature not verified: ${consented.size} bytes`)
await consented.close()

async function codeOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation
    return 'done'
  } catch (error) {
    if (!EnvelopeError.is(error)) throw error
    return error.code
  }
}
