import { arrayOf } from './array.ts'
import type { Codec } from './codec.ts'
import { type Json, jsonCodec } from './json.ts'
import {
  bigintCodec,
  booleanCodec,
  bytesCodec,
  dateCodec,
  numberCodec,
  stringCodec,
} from './scalars.ts'

/** The types of values that columns can have, by the names that `defineTable` takes. */
export interface CodecValues {
  string: string
  number: number
  bigint: bigint
  boolean: boolean
  date: Date
  json: Json
  bytes: Uint8Array
}

/** The name of one of the library's codecs; with `[]`, of arrays of its values. */
export type CodecName = keyof CodecValues | `${keyof CodecValues}[]`

const table = {
  string: stringCodec,
  number: numberCodec,
  bigint: bigintCodec,
  boolean: booleanCodec,
  date: dateCodec,
  json: jsonCodec,
  bytes: bytesCodec,
} satisfies { [Name in keyof CodecValues]: Codec<CodecValues[Name]> }

const byName: ReadonlyMap<string, Codec<unknown>> = new Map<string, Codec<unknown>>(
  Object.entries<Codec<unknown>>(table).flatMap(([name, codec]) => [
    [name, codec],
    [`${name}[]`, arrayOf(codec)],
  ]),
)

/** The codec of this name, if it is one of the library's. */
export function codecByName(name: string): Codec<unknown> | undefined {
  return byName.get(name)
}

/** All names of codecs, for errors. */
export const codecNames: readonly string[] = [...byName.keys()]
