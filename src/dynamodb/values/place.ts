import { show } from '../../checks.ts'
import { ItemError } from '../../errors.ts'

/** Of what is to be written, and of what was read. */
export type ItemCode = 'ERR_ITEM' | 'ERR_MALFORMED_ITEM'

/** Where in an attribute a value is that is being read or written, for errors. */
export class Place {
  readonly #attribute: string
  readonly #code: ItemCode
  /** Of a list or a set the index, of a map the complement of it. */
  readonly #parts: number[] = []

  /** @param code of the errors about this attribute. */
  constructor(attribute: string, code: ItemCode) {
    this.#attribute = attribute
    this.#code = code
  }

  /** What follows is about this entry of a list or a set. */
  enter(index: number): void {
    this.#parts.push(index)
  }

  /**
   * What follows is about this entry of a map, in the order of its keys. The key itself is a part of the value,
   * which may be a secret: maps are by e-mail addresses and account numbers, too.
   */
  enterEntry(index: number): void {
    this.#parts.push(~index)
  }

  leave(): void {
    this.#parts.pop()
  }

  /** The name of the attribute, and in it for example `address{1}[2]`. */
  toString(): string {
    return this.#parts.reduce<string>(
      (path, part) => path + (part < 0 ? `{${~part}}` : `[${part}]`),
      this.#attribute,
    )
  }

  /** The value may be a secret: what is said of it never holds a part of it. */
  fail(reason: string): never {
    return failAt(this.toString(), this.#code, reason)
  }
}

/** Says what is wrong with an attribute, or with the part of it at this path. */
export function failAt(path: string, code: ItemCode, reason: string): never {
  throw new ItemError(code, `The attribute ${show(path)} ${reason}`, path)
}
