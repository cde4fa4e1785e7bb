// Reads slices of an encrypted file on a web server by range requests: three requests and about a hundred kilobytes of
// sixteen megabytes. The server needs neither keys nor code of ours; any that answers ranges will do.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EnvelopeClient, EnvelopeError, RawAesKeyring, type RandomAccessSource } from 'waxseal'

/** A resource by range requests, as long as it stays what it was when it was looked up. */
async function httpSource(url: string): Promise<RandomAccessSource> {
  // Compressed on the way, its bytes and their number would be others.
  const headers = { 'accept-encoding': 'identity' }
  const head = await fetch(url, { method: 'HEAD', headers })
  const size = Number(head.headers.get('content-length') ?? Number.NaN)
  const etag = head.headers.get('etag')
  if (!head.ok || !Number.isSafeInteger(size)) throw new Error(`${url}: status ${head.status}`)
  // A weak tag, W/"…", may stay when the bytes change, and If-Match does not take it.
  if (etag === null || etag.startsWith('W/')) throw new Error(`${url}: no strong ETag`)
  return {
    size,
    async read(start, end, signal) {
      const range = `bytes=${start}-${end - 1}` // in HTTP the last byte is named, not the one after it
      const response = await fetch(url, {
        headers: { ...headers, range, 'if-match': etag },
        signal: signal ?? null,
      })
      // A server that knows no ranges answers 200 with everything: that is not read.
      if (response.status !== 206 || Number(response.headers.get('content-length')) > end - start) {
        await response.body?.cancel()
        throw new Error(`${url}: status ${response.status} for ${range}`)
      }
      return new Uint8Array(await response.arrayBuffer())
    },
  }
}

const client = new EnvelopeClient({
  keyring: new RawAesKeyring({
    keyNamespace: 'examples',
    keyName: 'film-key',
    wrappingKey: randomBytes(32),
  }),
})
const unsigned = { algorithmSuite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY' } as const
const film = randomBytes(16_000_000)
const server = await startServer((await client.encrypt(film, unsigned)).ciphertext)

const reader = await client.openMessage(await httpSource(server.url))
const start = 9_000_000
const scene = await reader.read(start, start + 10_000)
console.log(`the same: ${film.subarray(start, start + 10_000).equals(scene)}`)
console.log(`${server.requests} range requests, under 128 KiB: ${server.bytesSent < 128 * 1024}`)

// A player that asks for ten small pieces at once: all of one frame, which one request brings.
const before = server.requests
const pieces = Array.from({ length: 10 }, (_, index) => {
  const at = 5_000_000 + index * 1000
  return reader.read(at, at + 1000)
})
console.log(`ten reads: ${Buffer.concat(await Promise.all(pieces)).length} bytes`)
console.log(`requests for them: ${server.requests - before}`)

// Someone puts another film in its place: no slice of the one is mixed with slices of the other.
server.replace((await client.encrypt(randomBytes(16_000_000), unsigned)).ciphertext)
try {
  await reader.read(0, 100)
} catch (error) {
  if (!EnvelopeError.is(error)) throw error
  console.log(`replaced: ${error.code}`)
}
await reader.close()
server.close()

/** What stands for your web server: it serves one resource, whole or by range. */
async function startServer(resource: Uint8Array) {
  const state = { resource, requests: 0, bytesSent: 0 }
  const server = createServer((request, response) => {
    const { length } = state.resource
    const etag = `"${createHash('sha256').update(state.resource).digest('base64url')}"`
    response.setHeader('etag', etag)
    const wanted = request.headers['if-match']
    if (wanted !== undefined && wanted !== etag) return response.writeHead(412).end()
    if (request.method === 'HEAD') {
      return response.writeHead(200, { 'content-length': length }).end()
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const bytes = state.resource.subarray(Number(first ?? 0), Number(last ?? length - 1) + 1)
    state.requests++
    state.bytesSent += bytes.length
    const isRange = first !== undefined
    if (isRange) response.setHeader('content-range', `bytes ${first}-${last}/${length}`)
    return response.writeHead(isRange ? 206 : 200, { 'content-length': bytes.length }).end(bytes)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/film.sealed`,
    get requests() {
      return state.requests
    },
    get bytesSent() {
      return state.bytesSent
    },
    replace(other: Uint8Array) {
      state.resource = other
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
