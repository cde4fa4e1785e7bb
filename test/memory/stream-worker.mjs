// One stream in a process of its own, whose peak memory is then that of the stream.
//   node stream-worker.mjs encrypt|decrypt|web-encrypt|web-decrypt SUITE BYTES
// Prints { peak, bytes }: the peak resident set in bytes, and how many bytes came out.
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EnvelopeClient, RawAesKeyring } from '../../dist/index.js'

const [operation, algorithmSuite, length] = process.argv.slice(2)
const keyring = new RawAesKeyring({
  keyNamespace: 'tests',
  keyName: 'key-1',
  wrappingKey: Buffer.alloc(32, 1),
})
const client = new EnvelopeClient({ keyring })
const chunk = Buffer.alloc(64 * 1024, 7)

function* zeros() {
  for (let left = Number(length); left > 0; left -= chunk.length) {
    yield left < chunk.length ? chunk.subarray(0, left) : chunk
  }
}

let bytes = 0
const sink = new Writable({
  write(piece, _encoding, callback) {
    bytes += piece.length
    callback()
  },
})

/** To decrypt, the message is made as it is read: none of it is ever in memory as a whole. */
async function throughNode(decrypts) {
  const stages = [
    Readable.from(zeros(), { objectMode: false }),
    client.encryptStream({ algorithmSuite }),
  ]
  if (decrypts) stages.push(client.decryptStream())
  await pipeline([...stages, sink])
}

async function throughWeb(decrypts) {
  const chunks = zeros()
  const source = new ReadableStream({
    pull: (controller) => {
      const { done, value } = chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
  const sealed = source.pipeThrough(client.encryptTransform({ algorithmSuite }))
  const output = decrypts ? sealed.pipeThrough(client.decryptTransform()) : sealed
  await output.pipeTo(new WritableStream({ write: (piece) => void (bytes += piece.length) }))
}

const through = operation.startsWith('web-') ? throughWeb : throughNode
await through(operation.endsWith('decrypt'))

const peak = process.resourceUsage().maxRSS * 1024
process.stdout.write(JSON.stringify({ peak, bytes }))
