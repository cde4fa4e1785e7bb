import { unprintable } from '../inspect/escape.ts'

/**
 * A flag with a value, as one would type it. Values come out of messages, and advice is copied into a shell: what a shell
 * could take for more than a value is in single quotes. Undefined for what cannot be typed.
 */
export function flag(name: string, value: string): string | undefined {
  if (value === '' || value.search(unprintable) >= 0) return undefined
  if (/^[\w@%+:,./][\w@%+=:,./-]*$/.test(value)) return `--${name} ${value}`
  return `--${name}='${value.replaceAll("'", "'\\''")}'`
}

/** A value alone, for a command of another program. */
export function typed(value: string): string {
  const whole = flag('', value)
  return whole === undefined ? 'KEY' : whole.replace(/^--[ =]/, '')
}
