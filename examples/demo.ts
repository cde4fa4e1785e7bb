// The main job on real input: encrypts a file under a KMS key, decrypts it, lets AWS's own library
// decrypt the same message, shows that one changed byte is refused, and what a cache of data keys saves. No
// AWS account: the KMS is the embedded one. `npm run demo`, or `npm run demo -- FILE`.
import { createHash, randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  CommitmentPolicy,
  KMS,
  KmsKeyringNode,
  type KmsKeyringNodeInput,
  buildClient,
} from '@aws-crypto/client-node'
import { KMSClient } from '@aws-sdk/client-kms'
import { SingleBar } from 'cli-progress'
import {
  CachingCmm,
  EnvelopeClient,
  EnvelopeError,
  type FileProgress,
  LocalCryptoMaterialsCache,
  type MessageHeader,
} from 'waxseal'
import { KmsKeyring } from 'waxseal/kms'
import { LocalKms } from 'waxseal/local-kms'

const MiB = 1 << 20
// The AWS SDK's notice on Node 20, which is not what this is about.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const folder = await mkdtemp(join(tmpdir(), 'waxseal-demo-'))
const kms = await LocalKms.start({ log: () => undefined })
try {
  await demo(process.argv[2] ?? (await makeFile(join(folder, 'plaintext'), 256)))
} catch (error) {
  if (!EnvelopeError.is(error)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
} finally {
  await kms.close()
  await rm(folder, { recursive: true })
}

async function demo(source: string): Promise<void> {
  const sealed = join(folder, 'sealed')
  const opened = join(folder, 'opened')
  const keyId = await kms.createKey({ alias: 'alias/demo' })
  console.log(`The embedded KMS (for development only) made the key ${keyId}\n`)

  const keyring = new KmsKeyring({ client: new KMSClient(kms.clientConfig()), keyId })
  const client = new EnvelopeClient({ keyring })
  const encryptionContext = { purpose: 'demo', file: 'plaintext' }

  const encrypted = await timed('Encrypting', (onProgress) =>
    client.encryptFile(source, sealed, { encryptionContext, onProgress }),
  )
  console.log(describe(encrypted.header))

  await timed('Decrypting', (onProgress) =>
    client.decryptFile(sealed, opened, { encryptionContext, onProgress }),
  )
  const [before, after] = [await hashOf(source), await hashOf(opened)]
  console.log(`  SHA-256 of the file    ${before}\n  SHA-256 of what came   ${after}`)
  if (before !== after) throw new Error('The decrypted file differs')
  console.log('  They are equal.\n')

  const byAws = await timed('Decrypting by AWS', (onProgress) =>
    hashByAws(sealed, keyId, onProgress),
  )
  if (byAws !== before) throw new Error("AWS's library decrypted something else")
  console.log('  @aws-crypto/client-node opened the same message: the same hash.\n')

  await changeOneByte(sealed)
  const refused = await client
    .decryptFile(sealed, join(folder, 'never'), { encryptionContext })
    .then(() => undefined)
    .catch((error: unknown) => error)
  if (!EnvelopeError.is(refused)) throw new Error('The changed message was not refused')
  console.log('One byte in the middle of the message was changed, and the message is refused:')
  console.log(`  ${refused.code}: ${refused.message}`)
  const left = await stat(join(folder, 'never')).catch(() => undefined)
  console.log(`  Nothing was written: ${left ? 'wrong, there is a file' : 'there is no file'}.\n`)

  const cache = new LocalCryptoMaterialsCache({ capacity: 100 })
  const cmm = new CachingCmm({ cache, keyring, maxAgeMs: 60_000 })
  await manySmall('each with a data key of its own', client)
  await manySmall('the same with a cache of data keys', new EnvelopeClient({ cmm }))

  const { maxRSS } = process.resourceUsage()
  console.log(
    `\nPeak memory of this process, both libraries and the KMS: ${(maxRSS / 1024).toFixed(0)} MiB`,
  )
}

/** Runs one operation on a file, with a progress bar on a terminal, and prints its throughput. */
async function timed<T>(
  name: string,
  work: (onProgress: (progress: FileProgress) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: `${name} [{bar}] {percentage}% | {value}/{total} MiB`,
    clearOnComplete: true,
  })
  let bytes = 0
  const onProgress = ({ bytesDone, bytesTotal }: FileProgress): void => {
    if (bytes === 0) bar.start(Math.ceil(bytesTotal / MiB), 0)
    bytes = bytesDone
    bar.update(Math.ceil(bytesDone / MiB))
  }
  const start = performance.now()
  const result = await work(onProgress).finally(() => {
    bar.stop()
  })
  const seconds = (performance.now() - start) / 1000
  const size = (bytes / MiB).toFixed(1)
  console.log(
    `${name}: ${size} MiB in ${seconds.toFixed(2)} s, ${(bytes / MiB / seconds).toFixed(0)} MiB/s`,
  )
  return result
}

/** Encrypts and decrypts small messages, all at once, and prints how often KMS was called. */
async function manySmall(how: string, client: EnvelopeClient): Promise<void> {
  const encryptionContext = { purpose: 'demo' }
  const numbers = Array.from({ length: 100 }, (_, number) => String(number))
  kms.resetCalls()
  await Promise.all(
    numbers.map(async (number) => {
      const { ciphertext } = await client.encrypt(number, { encryptionContext })
      const { plaintext } = await client.decrypt(ciphertext, { encryptionContext })
      if (Buffer.from(plaintext).toString() !== number) throw new Error('A small message differs')
    }),
  )
  console.log(
    `${numbers.length} small messages there and back, ${how}: ${kms.calls()} calls of KMS`,
  )
}

function describe(header: MessageHeader): string {
  const keys = header.encryptedDataKeys.map(
    ({ providerId, providerInfo }) => `${providerId} ${Buffer.from(providerInfo).toString()}`,
  )
  const context = Object.entries(header.encryptionContext).map(
    ([key, value]) => `${key} = ${value}`,
  )
  return [
    `  format                 version ${header.version}, ${header.contentType}, ${header.frameLength} bytes a frame`,
    `  algorithm suite        ${header.algorithmSuite}`,
    `  message id             ${Buffer.from(header.messageId).toString('hex')}`,
    `  encryption context     ${context.join('\n                         ')}`,
    `  encrypted data keys    ${keys.join('\n                         ')}`,
    `  header                 ${header.headerLength} bytes\n`,
  ].join('\n')
}

async function hashByAws(
  message: string,
  keyId: string,
  onProgress: (progress: FileProgress) => void,
): Promise<string> {
  const { decryptStream } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  // The peer's types describe an older KMS client than the one it is installed with.
  const clientProvider: unknown = () => new KMS(kms.clientConfig())
  const keyring: unknown = new KmsKeyringNode({
    keyIds: [keyId],
    clientProvider: clientProvider as NonNullable<KmsKeyringNodeInput['clientProvider']>,
  })
  const hash = createHash('sha256')
  const bytesTotal = (await stat(message)).size
  let bytesDone = 0
  const read = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of createReadStream(message) as AsyncIterable<Buffer>) {
      bytesDone += chunk.length
      onProgress({ bytesDone, bytesTotal })
      yield chunk
    }
  }
  await pipeline(read, decryptStream(keyring as Parameters<typeof decryptStream>[0]), hash)
  return hash.digest('hex')
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: MiB }), hash)
  return hash.digest('hex')
}

async function makeFile(path: string, mebibytes: number): Promise<string> {
  const file = await open(path, 'wx')
  const block = Buffer.alloc(MiB)
  for (let i = 0; i < mebibytes; i++) await file.write(randomFillSync(block))
  await file.close()
  return path
}

async function changeOneByte(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const middle = Math.floor((await file.stat()).size / 2)
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, middle)
  await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, middle)
  await file.close()
}
