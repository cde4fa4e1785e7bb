import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { EnvelopeError } from '../errors.ts'
import { KmsError } from './kms-error.ts'
import { errorReply, type KmsRequest, type Reply } from './protocol.ts'

const HOST = '127.0.0.1'
const MAX_BODY_BYTES = 1024 * 1024
/** How long `close()` lets requests that are under way finish. */
const CLOSE_GRACE_MS = 1000

export type Responder = (request: KmsRequest) => Promise<Reply>

export interface RunningServer {
  readonly endpoint: string
  close(): Promise<void>
}

/** Serves `answer` on the loopback interface; port 0 takes a free one. */
export async function startServer(port: number, answer: Responder): Promise<RunningServer> {
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.once('close', () => {
      gone.abort()
    })
    respond(request, answer, gone.signal).then(
      ({ status, headers, body }) => {
        if (!server.listening) response.setHeader('connection', 'close')
        response.writeHead(status, headers).end(body)
      },
      // An outage that a test asked for, or a client that has gone away in the middle of its request.
      () => request.socket.resetAndDestroy(),
    )
  })
  await listen(server, port)
  const address = server.address()
  const boundPort = typeof address === 'object' && address ? address.port : port
  return { endpoint: `http://${HOST}:${boundPort}`, close: () => close(server) }
}

async function respond(
  request: IncomingMessage,
  answer: Responder,
  gone: AbortSignal,
): Promise<Reply> {
  const body = await readBody(request)
  if (!isLoopbackName(request.headers.host)) {
    return errorReply(new KmsError('AccessDeniedException', 'The Host is not a loopback name'), 403)
  }
  // A page need not ask to POST `text/plain`: that would still be counted and use up the quota.
  // Browsers put `Origin` on every POST of a page, and no SDK does.
  if (request.headers.origin !== undefined) {
    return errorReply(new KmsError('AccessDeniedException', 'Web pages are not served'), 403)
  }
  if (request.method !== 'POST' || request.url !== '/') {
    return errorReply(new KmsError('UnknownOperationException', 'Only POST / is served'), 404)
  }
  if (!body) {
    return errorReply(
      new KmsError('RequestEntityTooLargeException', `The limit is ${MAX_BODY_BYTES} bytes`),
    )
  }
  return answer({
    target: request.headersDistinct['x-amz-target']?.[0],
    authorization: request.headers.authorization,
    body,
    gone,
  })
}

/** Reads to the end even what is too long, so that the client is there to read the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  let chunks: Buffer[] = []
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= MAX_BODY_BYTES) chunks.push(chunk)
    else chunks = []
  })
  await once(request, 'end')
  return length <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined
}

/**
 * Requests are not authenticated, so a web page must not be able to make them. Browsers ask before
 * they send `X-Amz-Target` to another origin, and get no leave. This stops a name of that page's own
 * that resolves to the loopback address: to the browser that is the page's own origin.
 */
function isLoopbackName(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|\[::1\]|(?:[^:/@]+\.)?localhost)(?::\d+)?$/i.test(host ?? '')
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, HOST)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EnvelopeError(
      'ERR_LOCAL_KMS',
      `LocalKms cannot listen on port ${port} of ${HOST} (${reason}). ` +
        'Choose another port, or leave `port` out to get a free one',
      { cause },
    )
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const deadline = setTimeout(() => {
    server.closeAllConnections()
  }, CLOSE_GRACE_MS)
  await closed
  clearTimeout(deadline)
}
