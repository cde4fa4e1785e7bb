// Encrypts a file by encryptStream, with gzip in front of it, and decrypts the message by decryptFile,
// which reports its progress and leaves a whole, verified file or none.
import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip, gunzipSync } from 'node:zlib'
import { EnvelopeClient, RawAesKeyring } from 'waxseal'

const client = new EnvelopeClient({
  keyring: new RawAesKeyring({
    keyNamespace: 'examples',
    keyName: 'backup-key',
    wrappingKey: randomBytes(32),
  }),
})

const folder = await mkdtemp(join(tmpdir(), 'waxseal-example-'))
try {
  const source = join(folder, 'report.csv')
  await writeFile(source, randomBytes(3 << 20).toString('hex'))

  const encryption = client.encryptStream({ encryptionContext: { kind: 'backup' } })
  encryption.once('header', (header) => {
    console.log(`header: ${header.algorithmSuite}, ${header.headerLength} bytes`)
  })
  const sealed = join(folder, 'report.csv.gz.sealed')
  await pipeline(createReadStream(source), createGzip(), encryption, createWriteStream(sealed))

  const opened = join(folder, 'report.csv.gz')
  await client.decryptFile(sealed, opened, {
    encryptionContext: { kind: 'backup' },
    onProgress: ({ bytesDone, bytesTotal }) => {
      console.log(`read ${bytesDone} of ${bytesTotal} bytes`)
    },
  })

  const same = gunzipSync(await readFile(opened)).equals(await readFile(source))
  console.log(`${(await stat(source)).size} bytes came back; the same: ${same}`)
} finally {
  await rm(folder, { recursive: true })
}
