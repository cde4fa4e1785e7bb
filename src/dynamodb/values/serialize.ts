import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { isPlainObject } from '../../checks.ts'
import { compareBytes, copyBytes } from '../../format/bytes.ts'
import type { Terminal } from '../../structured/structure.ts'
import { hasDuplicates } from './duplicates.ts'
import { normalizeNumber } from './normalize-number.ts'
import { type ItemCode, Place } from './place.ts'
import { longestName, mostLevels, typeIds } from './type-ids.ts'
import { type ValueWriter, withWriter } from './value-writer.ts'

type Member = keyof typeof typeIds

/**
 * An attribute value in bytes of its own (dynamodb-encryption-client/ddb-attribute-serialization.md).
 *
 * @param attribute names it in errors.
 * @param code of the error if it is no attribute value, or one that DynamoDB would not take.
 * @throws ItemError
 */
export function serializeAttribute(
  value: AttributeValue,
  attribute: string,
  code: ItemCode = 'ERR_ITEM',
): Terminal {
  const place = new Place(attribute, code)
  const { member, content } = readMember(value, place)
  // As it is, and so without the way through the writer, which would copy it once more.
  if (member === 'B') return { typeId: typeIds.B, value: copyBytes(checkBinary(content, place)) }
  return withWriter((writer) => {
    writeContent(writer, member, content, place, 1)
    return { typeId: typeIds[member], value: writer.copy() }
  })
}

/** The one member of an attribute value, which says what kind of value it is. */
function readMember(value: unknown, place: Place): { member: Member; content: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return place.fail(`is no attribute value such as { S: 'text' }, but ${kindOf(value)}`)
  }
  let found: { member: Member; content: unknown } | undefined
  for (const member of Object.keys(value)) {
    const content: unknown = Reflect.get(value, member)
    // Not there, as the AWS SDK sees it.
    if (content === undefined) continue
    if (!isMember(member)) {
      // Not which: what is given may be the entries of a map, and its keys secrets.
      return place.fail(`has a member that is none of DynamoDB's types: ${members.join(', ')}`)
    }
    if (found !== undefined) {
      place.fail(`has two types, ${found.member} and ${member}; an attribute value has exactly one`)
    }
    found = { member, content }
  }
  return found ?? place.fail("has no type; an attribute value has exactly one, as in { S: 'text' }")
}

const members = Object.keys(typeIds)

function isMember(name: string): name is Member {
  return Object.hasOwn(typeIds, name)
}

function writeContent(
  writer: ValueWriter,
  member: Member,
  content: unknown,
  place: Place,
  level: number,
): void {
  switch (member) {
    case 'S':
      writer.text(checkText(content, place))
      return
    case 'N':
      writer.text(checkNumber(content, place))
      return
    case 'B':
      writer.bytes(checkBinary(content, place))
      return
    case 'BOOL':
      if (typeof content !== 'boolean') return place.fail(`has ${kindOf(content)} as BOOL`)
      writer.uint8(content ? 1 : 0)
      return
    case 'NULL':
      // The bytes have no place for false, which would come back as true. DynamoDB refuses it, too.
      if (content !== true) place.fail('is NULL, whose only value is true')
      return
    case 'SS':
      writeSet(writer, checkMembers(content, checkText, place).sort(), place)
      return
    case 'NS':
      writeSet(writer, checkMembers(content, checkNumber, place).sort(), place)
      return
    case 'BS':
      writeBinarySet(writer, checkMembers(content, checkBinary, place).sort(compareBytes), place)
      return
    case 'L':
      writeList(writer, content, place, level)
      return
    case 'M':
      writeMap(writer, content, place, level)
  }
}

/** "Set Entries": sorted by UTF-16, which is how `sort` does it by itself, and without duplicates. */
function writeSet(writer: ValueWriter, sorted: readonly string[], place: Place): void {
  if (hasDuplicates(sorted, (a, b) => a === b)) failOnDuplicates(place)
  writer.uint32(sorted.length)
  for (const text of sorted) {
    const begun = writer.beginLength()
    writer.text(text)
    writer.endLength(begun)
  }
}

function writeBinarySet(writer: ValueWriter, sorted: readonly Uint8Array[], place: Place): void {
  if (hasDuplicates(sorted, (a, b) => compareBytes(a, b) === 0)) failOnDuplicates(place)
  writer.uint32(sorted.length)
  for (const bytes of sorted) {
    writer.uint32(bytes.length)
    writer.bytes(bytes)
  }
}

function failOnDuplicates(place: Place): never {
  return place.fail('is a set that has a value twice')
}

function writeList(writer: ValueWriter, content: unknown, place: Place, level: number): void {
  const list = checkArray(content, place)
  writer.uint32(list.length)
  for (let i = 0; i < list.length; i++) {
    place.enter(i)
    writeNested(writer, list[i], place, level + 1)
    place.leave()
  }
}

function writeMap(writer: ValueWriter, content: unknown, place: Place, level: number): void {
  const map = checkMap(content, place)
  // "ordered by key value, ordered in ascending UTF-16 binary order"
  const keys = Object.keys(map).sort()
  writer.uint32(keys.length)
  for (const [i, key] of keys.entries()) {
    place.enterEntry(i)
    writer.uint16(typeIds.S)
    const begun = writer.beginLength()
    if (!key.isWellFormed()) place.fail('has a key with a lone surrogate, which has no UTF-8 form')
    writer.text(key)
    const length = writer.endLength(begun)
    if (length > longestName) place.fail(`has a key of more than ${longestName} bytes`)
    writeNested(writer, Reflect.get(map, key), place, level + 1)
    place.leave()
  }
}

/** A value within another: its type and its length come first. */
function writeNested(writer: ValueWriter, value: unknown, place: Place, level: number): void {
  if (level > mostLevels) {
    place.fail(`is nested deeper than ${mostLevels} levels, which is as deep as DynamoDB stores`)
  }
  const { member, content } = readMember(value, place)
  writer.uint16(typeIds[member])
  const begun = writer.beginLength()
  writeContent(writer, member, content, place, level)
  writer.endLength(begun)
}

function checkText(content: unknown, place: Place): string {
  if (typeof content !== 'string') return place.fail(`has ${kindOf(content)} for its text`)
  // It has no UTF-8 form, and would come back as another text.
  if (!content.isWellFormed()) place.fail('has a text with a lone surrogate')
  return content
}

function checkNumber(content: unknown, place: Place): string {
  if (typeof content !== 'string') {
    return place.fail(`has ${kindOf(content)} for its number, which has to be a string such as '1'`)
  }
  return normalizeNumber(content, (reason) => place.fail(reason))
}

/** The bytes that a view is of, and not those around them. */
function checkBinary(content: unknown, place: Place): Uint8Array {
  if (!ArrayBuffer.isView(content)) {
    return place.fail(`has ${kindOf(content)} for its bytes, which have to be a Uint8Array`)
  }
  return new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
}

function checkArray(content: unknown, place: Place): readonly unknown[] {
  if (!Array.isArray(content)) {
    return place.fail(`has ${kindOf(content)} where an array has to be`)
  }
  return content
}

function checkMembers<T>(
  content: unknown,
  check: (member: unknown, place: Place) => T,
  place: Place,
): T[] {
  const members: T[] = []
  for (const [i, member] of checkArray(content, place).entries()) {
    place.enter(i)
    members.push(check(member, place))
    place.leave()
  }
  return members
}

/** Of a Map or of an instance of a class the entries would not be seen, and would be lost. */
function checkMap(content: unknown, place: Place): object {
  if (!isPlainObject(content)) {
    return place.fail(`has ${kindOf(content)} where a plain object has to be`)
  }
  return content
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object of another kind' : `a value of type ${typeof value}`
}
