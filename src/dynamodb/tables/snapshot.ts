/**
 * A copy of a request as it is at this moment. What is checked has to be what is sent, and the caller may change
 * its objects while KMS is waited for, or have one that answers differently each time it is asked. Bytes and other
 * values that are no plain containers are the same ones in the copy.
 */
export function snapshot<Value>(value: Value): Value
export function snapshot(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from<unknown, unknown>(value, (each) => snapshot(each))
  if (!isContainer(value)) return value
  const members = Object.entries(value).map(([name, member]) => [name, snapshot(member)] as const)
  const copy: object = Object.fromEntries(members)
  const prototype = Object.getPrototypeOf(value) as object | null
  // An instance of a class stays one, so that it is refused where no class is known.
  if (prototype !== Object.prototype) Object.setPrototypeOf(copy, prototype)
  return copy
}

/** An object whose properties are all that it is: no bytes, no Map, no Date. */
function isContainer(value: unknown): value is object {
  return Object.prototype.toString.call(value) === '[object Object]'
}
