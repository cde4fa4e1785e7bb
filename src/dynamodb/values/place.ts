import { ItemError } from '../../errors.ts'

/** A name that can stand in a path as it is. */
const plainName = /^[\p{L}_][\p{L}\p{N}_-]*$/u

/** Where in an attribute a value is that is being read or written, for errors. */
export class Place {
  readonly #attribute: string
  readonly #code: 'ERR_ITEM' | 'ERR_MALFORMED_ITEM'
  readonly #parts: (string | number)[] = []

  /** @param code of the errors about this attribute. */
  constructor(attribute: string, code: 'ERR_ITEM' | 'ERR_MALFORMED_ITEM') {
    this.#attribute = attribute
    this.#code = code
  }

  /** What follows is about this entry of a map, a list or a set. */
  enter(part: string | number): void {
    this.#parts.push(part)
  }

  leave(): void {
    this.#parts.pop()
  }

  /** The name of the attribute, and in it for example `address.lines[2]`. */
  toString(): string {
    return this.#parts.reduce<string>((path, part) => {
      if (typeof part === 'number') return `${path}[${part}]`
      return plainName.test(part) ? `${path}.${part}` : `${path}[${JSON.stringify(part)}]`
    }, this.#attribute)
  }

  /** The value may be a secret: what is said of it never holds a part of it. */
  fail(reason: string): never {
    const path = this.toString()
    throw new ItemError(this.#code, `The attribute ${JSON.stringify(path)} ${reason}`, path)
  }
}
