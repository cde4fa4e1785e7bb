// Gives up in the middle of a large file through an AbortSignal. Neither a destination nor the
// temporary file remains.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EnvelopeClient, EnvelopeError, RawAesKeyring } from 'waxseal'

const client = new EnvelopeClient({
  keyring: new RawAesKeyring({
    keyNamespace: 'examples',
    keyName: 'key-1',
    wrappingKey: randomBytes(32),
  }),
})

const folder = await mkdtemp(join(tmpdir(), 'waxseal-example-'))
const controller = new AbortController()
try {
  const source = join(folder, 'large.bin')
  await writeFile(source, Buffer.alloc(32 << 20))
  await client.encryptFile(source, join(folder, 'large.bin.sealed'), {
    signal: controller.signal, // AbortSignal.timeout(5_000) would do as well
    onProgress: ({ bytesDone, bytesTotal }) => {
      if (bytesDone >= bytesTotal / 2) controller.abort(new Error('the user changed their mind'))
    },
  })
} catch (error) {
  if (!EnvelopeError.is(error) || error.code !== 'ERR_ABORTED') throw error
  console.log(`${error.code}: ${String(error.cause)}`)
  console.log(`left in the folder: ${(await readdir(folder)).join(', ')}`)
} finally {
  await rm(folder, { recursive: true })
}
