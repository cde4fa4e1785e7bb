import { types } from 'node:util'
import { InvalidArgumentError } from './errors.ts'

// What the types say of arguments, for callers that have no types.

/**
 * Refuses options that are no object, or that have a name which is not known. A misspelt option would
 * otherwise be silently without effect, and for an encryption context that would be a hole.
 */
export function checkOptions(options: unknown, known: readonly string[], field = 'options'): void {
  checkObject(options, field)
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new InvalidArgumentError(
        name,
        `There is no option ${JSON.stringify(name)}; the options are: ${known.join(', ')}`,
      )
    }
  }
}

/** Whether `value` is an object, also one of a class, or an array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Refuses what is no object. */
export function checkObject(value: unknown, field: string): asserts value is object {
  if (isObject(value)) return
  throw new InvalidArgumentError(field, `${field} must be an object`)
}

/** Whether `value` is an object whose entries are all that it is: no Map, no instance of a class. */
export function isPlainObject(value: unknown): value is object {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object literal of another realm has a prototype of its own, which in turn has none.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Whether `value` is an object with these methods, its own or those of its class. */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (!isObject(value)) return false
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}

/** A value as an error shows it: text in quotes, so that its end and its control characters are seen. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return isObject(value) ? 'an object' : String(value)
}

/** Refuses what is not a whole number within the bounds. */
export function checkInteger(value: number, field: string, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new InvalidArgumentError(
    field,
    `${field} must be a whole number from ${least} to ${most}, not ${String(value)}`,
  )
}

/** Whether `value` is bytes, of whichever realm: not `instanceof`, which test runners break. */
export function isBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value)
}

/** Refuses what has not the parts of an AbortSignal that are used. */
export function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  const given: unknown = signal
  // Not instanceof: polyfills and other realms have signals of their own.
  const listens = hasMethods(given, ['addEventListener', 'removeEventListener'])
  if (given === undefined || (listens && 'aborted' in Object(given))) return signal
  throw new InvalidArgumentError('signal', 'signal must be an AbortSignal')
}
