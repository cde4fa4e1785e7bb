import { type Codec, CodecError, kindOf } from './codec.ts'

/**
 * The elements one after the other, each behind its length in four bytes, big-endian. An empty array is no bytes. None
 * of the elements is null, unless it is that of JSON.
 */
export function arrayOf<Value>(element: Codec<Value>): Codec<readonly Value[]> {
  return {
    name: `${element.name}[]`,
    encode(values) {
      if (!Array.isArray(values)) throw new CodecError(`is of type ${kindOf(values)}`)
      // One property is the length. Another that is no element would not come back.
      if (Reflect.ownKeys(values).length !== values.length + 1) {
        throw new CodecError('is an array with holes or with names')
      }
      const parts = Array.from(values as readonly Value[], (value, index) => {
        try {
          return element.encode(value)
        } catch (error) {
          throw at(index, error)
        }
      })
      const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0))
      const view = new DataView(bytes.buffer)
      let offset = 0
      for (const part of parts) {
        view.setUint32(offset, part.length)
        bytes.set(part, offset + 4)
        offset += 4 + part.length
      }
      return bytes
    },
    decode(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      const values: Value[] = []
      let offset = 0
      while (offset < bytes.length) {
        const start = offset + 4
        const end = start > bytes.length ? start : start + view.getUint32(offset)
        if (end > bytes.length) throw new CodecError('ends within an element')
        offset = end
        try {
          values.push(element.decode(bytes.subarray(start, end)))
        } catch (error) {
          throw at(values.length, error)
        }
      }
      return values
    },
  }
}

function at(index: number, error: unknown): unknown {
  if (!CodecError.is(error)) return error
  return new CodecError(`has an element, [${index}], that ${error.message}`)
}
