import { inspect } from 'node:util'
import { expect } from 'vitest'

/** Everything that a log could be given. */
export function shown(value: unknown): string {
  const deep = { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null }
  return [
    inspect(value),
    inspect(value, deep),
    inspect(value, { ...deep, compact: false }),
    inspect(value, { ...deep, customInspect: false, getters: false }),
    JSON.stringify(value),
    JSON.stringify(value, null, 2),
    String(value),
    value instanceof Error ? `${value.stack}` : '',
  ].join('\n')
}

/** Every eight bytes of the secret in a row, as text could hold them. */
function tracesOf(bytes: Buffer): string[] {
  const traces: string[] = []
  for (let at = 0; at + 8 <= bytes.length; at++) {
    const part = bytes.subarray(at, at + 8)
    const hex = part.toString('hex')
    const spaced = (hex.match(/../g) ?? []).join(' ')
    const numbers = [...part].join(',')
    traces.push(hex, hex.toUpperCase(), spaced, numbers, part.toString('latin1'))
    // As the bytes stand in any longer base64: some of these windows begin at a group of its own.
    traces.push(part.subarray(0, 6).toString('base64'), part.subarray(0, 6).toString('base64url'))
  }
  return traces
}

/** Fails if any part of a secret is to be seen in a value. */
export function expectNoTraces(value: unknown, secrets: Buffer[]): void {
  const text = shown(value)
  const packed = text.replace(/\s+/g, '') // numbers and PEM over several lines
  for (const trace of secrets.flatMap(tracesOf)) {
    if (text.includes(trace) || packed.includes(trace)) expect.fail(`shows ${trace}:\n${text}`)
  }
}
