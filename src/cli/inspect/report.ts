import { EnvelopeError, ItemError, MalformedMessageError } from '../../errors.ts'
import { join } from '../../format/bytes.ts'
import { type ParsedHeader, readHeader } from '../../format/header.ts'
import { ByteReader, type Parsing } from '../../format/reader.ts'
import { parseHeader } from '../../structured/header.ts'
import type { StructureHeader } from '../../structured/structure.ts'
import { decodeBase64, NotBase64 } from '../batch/base64.ts'
import { recogniseChunks } from './front.ts'
import { headerFields } from './header-fields.ts'
import type { HexListing, ListedPart } from './hex-listing.ts'
import { type BodyFacts, noBody, walkBody } from './walk.ts'

/** What is wrong with a message, as far as that is seen without its keys. */
export interface Problem {
  readonly message: string
  /** How many bytes from the start of the message reading stopped, where that is known. */
  readonly offset?: number
}

/** What was found in one file. */
export type Report =
  | {
      readonly kind: 'message'
      readonly base64: boolean
      readonly header: ParsedHeader
      readonly body: BodyFacts
      readonly problem?: Problem
    }
  | {
      readonly kind: 'damaged-message'
      readonly base64: boolean
      /** What could be read of the header. */
      readonly fields: readonly ListedPart[]
      readonly problem: Problem
    }
  | { readonly kind: 'item-header'; readonly base64: boolean; readonly header: StructureHeader }
  | { readonly kind: 'damaged-item-header'; readonly base64: boolean; readonly problem: Problem }
  | { readonly kind: 'other'; readonly what: string }

/** Where a message is read. */
export interface ReportSource {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Says of a file what its body is without reading it all; undefined if that is not to be told so. */
  readonly geometry?: ((header: ParsedHeader) => Promise<BodyFacts | undefined>) | undefined
}

/** Far above what DynamoDB's items of 400 KB can have. */
const longestItemHeader = 1 << 20

/** Reads a file and says what it is. With a listing, all of a message's parts go there, too. */
export async function makeReport(source: ReportSource, listing?: HexListing): Promise<Report> {
  const { found, chunks } = await recogniseChunks(source.chunks)
  switch (found.kind) {
    case 'other':
      return found
    case 'item-header':
      return readItemHeader(found.base64 ? decodeBase64(chunks) : chunks, found.base64)
    case 'message':
      return readMessage({ ...source, chunks }, false, listing)
    case 'base64-message':
      return readMessage({ chunks: decodeBase64(chunks) }, true, listing)
  }
}

async function readItemHeader(chunks: AsyncIterable<Uint8Array>, base64: boolean): Promise<Report> {
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of chunks) {
      parts.push(chunk)
      length += chunk.length
      if (length > longestItemHeader) break
    }
    return { kind: 'item-header', base64, header: parseHeader(join(parts)) }
  } catch (error) {
    return { kind: 'damaged-item-header', base64, problem: problemOf(error) }
  }
}

async function readMessage(
  { chunks, geometry }: ReportSource,
  base64: boolean,
  listing: HexListing | undefined,
): Promise<Report> {
  const reading = new MessageReading(geometry, listing)
  try {
    await reading.read(chunks)
  } catch (error) {
    const problem = problemOf(error)
    await listing?.flush()
    const { header, body } = reading
    if (header) return { kind: 'message', base64, header, body, problem }
    return { kind: 'damaged-message', base64, fields: headerFields(reading.front), problem }
  }
  const { header, body } = reading
  if (!header) throw new Error('a message that ended before its header was not refused')
  const { bytesBehind = 0 } = body
  if (bytesBehind === 0) return { kind: 'message', base64, header, body }
  const problem = {
    message: 'Bytes follow the end of the message, and decryption refuses it for that',
    offset: reading.length - bytesBehind,
  }
  return { kind: 'message', base64, header, body, problem }
}

/** One message, as it comes. */
class MessageReading {
  header: ParsedHeader | undefined
  body: BodyFacts = noBody()
  /** Bytes that have come. */
  length = 0
  readonly #reader = new ByteReader()
  readonly #geometry: ReportSource['geometry']
  readonly #listing: HexListing | undefined
  #front: Uint8Array[] = []
  #walk: Parsing<void> | undefined

  constructor(geometry: ReportSource['geometry'], listing: HexListing | undefined) {
    this.#geometry = geometry
    this.#listing = listing
  }

  /** All that came until the header was whole. */
  get front(): Uint8Array {
    return join(this.#front)
  }

  async read(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const heading = readHeader(this.#reader, undefined)
    let done = false
    for await (const chunk of chunks) {
      this.length += chunk.length
      if (done) continue // what is behind the end is only counted
      this.#reader.feed(chunk)
      if (!this.#walk) {
        this.#front.push(chunk)
        const step = heading.next()
        if (step.done && (await this.#begin(step.value))) return
      }
      done = this.#walk?.next().done === true
      this.#reader.keep()
      await this.#listing?.flush()
    }
    if (!done) {
      this.#reader.end()
      const parsing = this.#walk ?? heading
      parsing.next() // says where it ends
    }
    this.body.bytesBehind = this.length - this.#reader.offset
  }

  /** Whether the body is known already. */
  async #begin(header: ParsedHeader): Promise<boolean> {
    this.header = header
    this.#listing?.heading('header')
    for (const field of this.#listing ? headerFields(this.front) : []) this.#listing?.add(field)
    this.#front = []
    const known = await this.#geometry?.(header)
    if (known) {
      this.body = known
      return true
    }
    this.#listing?.heading('body')
    this.#walk = walkBody(this.#reader, header, this.body, (part) => this.#listing?.add(part))
    return false
  }
}

/** What is wrong with the bytes; anything else, such as a disk that fails, is thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof MalformedMessageError)
    return { message: error.message, offset: error.offset }
  const isOfBytes =
    error instanceof ItemError ||
    error instanceof NotBase64 ||
    (EnvelopeError.is(error) && error.code === 'ERR_UNKNOWN_ALGORITHM_SUITE')
  if (isOfBytes) return { message: error.message }
  throw error
}
