import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { compareBytes, copyBytes, fromUtf8, readUint16, readUint32 } from '../../format/bytes.ts'
import type { Terminal } from '../../structured/structure.ts'
import { hasDuplicates } from './duplicates.ts'
import { isNumber } from './normalize-number.ts'
import { Place } from './place.ts'
import { longestName, mostLevels, typeIds } from './type-ids.ts'

// The fewest bytes that an entry takes, so that a count that the bytes have no room for is refused before
// anything is made of it.
const [leastInSet, leastInList, leastInMap] = [4, 2 + 4, 2 + 4 + 2 + 4]

/**
 * The attribute value in verified bytes; what it holds of them is copied.
 *
 * Entries of sets and maps may come in any order, as for the reference: verified bytes are those of who has the
 * key, and an item that cannot be read is lost. Lengths are held to more strictly than there.
 *
 * @throws ItemError `ERR_MALFORMED_ITEM` if they are not what an encryption writes.
 */
export function deserializeAttribute(terminal: Terminal, attribute: string): AttributeValue {
  const { typeId, value } = terminal
  const reading = new ValueReading(value, new Place(attribute, 'ERR_MALFORMED_ITEM'))
  return reading.value(typeId, value.length, 1)
}

class ValueReading {
  readonly #bytes: Uint8Array
  readonly #place: Place
  #at = 0
  /** Where the innermost value ends that says so itself; nothing in it is read from behind that. */
  #end: number

  constructor(bytes: Uint8Array, place: Place) {
    this.#bytes = bytes
    this.#place = place
    this.#end = bytes.length
  }

  /** The value in exactly the next `length` bytes, which {@link #checkRoom} has found to be there. */
  value(typeId: number, length: number, level: number): AttributeValue {
    if (level > mostLevels) this.#place.fail(`is nested deeper than ${mostLevels} levels`)
    const outer = this.#end
    this.#end = this.#at + length
    const value = this.#content(typeId, length, level)
    if (this.#at !== this.#end) {
      this.#malformed(`${this.#end - this.#at} bytes follow the value that its length says it has`)
    }
    this.#end = outer
    return value
  }

  #content(typeId: number, length: number, level: number): AttributeValue {
    switch (typeId) {
      case typeIds.S:
        return { S: this.#text(length) }
      case typeIds.N:
        return { N: this.#number(length) }
      case typeIds.B:
        return { B: this.#binary(length) }
      case typeIds.BOOL:
        return { BOOL: this.#boolean(length) }
      case typeIds.NULL:
        return { NULL: true }
      case typeIds.SS:
        return { SS: this.#textSet((size) => this.#text(size)) }
      case typeIds.NS:
        return { NS: this.#textSet((size) => this.#number(size)) }
      case typeIds.BS:
        return { BS: this.#binarySet() }
      case typeIds.L:
        return { L: this.#list(level) }
      case typeIds.M:
        return { M: this.#map(level) }
      default:
        return this.#malformed(`there is no type 0x${typeId.toString(16).padStart(4, '0')}`)
    }
  }

  #text(length: number): string {
    return fromUtf8(this.#take(length)) ?? this.#malformed('its text is not UTF-8')
  }

  /** As it is written. That it is a number is checked, for a caller would make one of it. */
  #number(length: number): string {
    const text = this.#text(length)
    return isNumber(text) ? text : this.#malformed('what should be a number is none')
  }

  #binary(length: number): Uint8Array {
    return copyBytes(this.#take(length))
  }

  #boolean(length: number): boolean {
    const byte = length === 1 ? this.#take(1)[0] : undefined
    if (byte === 0 || byte === 1) return byte === 1
    return this.#malformed('a boolean is one byte, 0 or 1')
  }

  #textSet(readText: (length: number) => string): string[] {
    const members = this.#members(readText)
    if (new Set(members).size !== members.length) this.#malformed('a set has a value twice')
    return members
  }

  #binarySet(): Uint8Array[] {
    const members = this.#members((length) => this.#binary(length))
    if (hasDuplicates(members.toSorted(compareBytes), (a, b) => compareBytes(a, b) === 0)) {
      this.#malformed('a set has a value twice')
    }
    return members
  }

  #members<T>(read: (length: number) => T): T[] {
    const count = this.#count(leastInSet)
    const members: T[] = []
    for (let i = 0; i < count; i++) {
      this.#place.enter(i)
      members.push(read(this.#uint32()))
      this.#place.leave()
    }
    return members
  }

  #list(level: number): AttributeValue[] {
    const count = this.#count(leastInList)
    const list: AttributeValue[] = []
    for (let i = 0; i < count; i++) {
      this.#place.enter(i)
      list.push(this.#nested(level))
      this.#place.leave()
    }
    return list
  }

  #map(level: number): Record<string, AttributeValue> {
    const count = this.#count(leastInMap)
    const map: Record<string, AttributeValue> = {}
    for (let i = 0; i < count; i++) {
      if (this.#uint16() !== typeIds.S) this.#malformed('a key of its map is no text')
      const length = this.#uint32()
      if (length > longestName) {
        this.#malformed(`a key of its map has more than ${longestName} bytes`)
      }
      const key = this.#text(length)
      this.#place.enterEntry(i)
      if (Object.hasOwn(map, key)) this.#malformed('its map has this key twice')
      setOwn(map, key, this.#nested(level))
      this.#place.leave()
    }
    return map
  }

  #nested(level: number): AttributeValue {
    const typeId = this.#uint16()
    const length = this.#uint32()
    this.#checkRoom(length)
    return this.value(typeId, length, level + 1)
  }

  #count(least: number): number {
    const count = this.#uint32()
    if (count * least > this.#end - this.#at) {
      this.#malformed(`it claims to have ${count} entries, and has no room for them`)
    }
    return count
  }

  #uint16(): number {
    return readUint16(this.#take(2))
  }

  #uint32(): number {
    return readUint32(this.#take(4))
  }

  #take(length: number): Uint8Array {
    this.#checkRoom(length)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #checkRoom(length: number): void {
    const room = this.#end - this.#at
    if (length > room) this.#malformed(`${length} bytes are needed where ${room} are left`)
  }

  #malformed(reason: string): never {
    return this.#place.fail(`is not well-formed: ${reason}`)
  }
}

/** Sets an entry that is named like something of every object, `__proto__`, as any other. */
function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key !== '__proto__') target[key] = value
  else {
    Object.defineProperty(target, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }
}
