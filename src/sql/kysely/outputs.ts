import { AliasNode, IdentifierNode, type ReturningNode, type SelectionNode } from 'kysely'
import { columnIn, referenceOf, selectAs, starOf } from './nodes.ts'
import { refuseHidden, refuseOutput, refuseTwice } from './refusals.ts'
import type { Cell } from './results.ts'
import type { Rewriter } from './rewriter.ts'
import type { Carried, Found, Source } from './scope.ts'

/**
 * What becomes of the rows of a query: they are its result, a table for another query, a value in one, or only
 * counted.
 */
export type Use = 'result' | 'source' | 'value' | 'exists'

/** An encrypted column of what a query returns. */
export interface Output {
  readonly found: Found
  /** Under which names the primary key is returned with it. */
  readonly keys: ReadonlyMap<string, string>
  /** Where it is returned once more, if another column may have its name. */
  readonly copy?: string
}

/** What a query returns, and the keys that were added so that it can be decrypted. */
export class Outputs {
  readonly cells = new Map<string, Output>()
  readonly hidden = new Set<string>()
  readonly #rewriter: Rewriter
  readonly #selections: SelectionNode[] = []
  readonly #added: SelectionNode[] = []
  readonly #plain = new Set<string>()
  readonly #stars = new Set<Source>()
  readonly #keys = new Map<Source, Map<Carried['keys'], ReadonlyMap<string, string>>>()

  constructor(rewriter: Rewriter, selections: readonly SelectionNode[]) {
    this.#rewriter = rewriter
    for (const selection of selections) this.#selections.push(this.#read(selection))
    for (const name of this.#plain) if (this.hidden.has(name)) throw refuseHidden(name)
    for (const [name, output] of this.cells) {
      if (this.#mayRepeat(output.found))
        this.cells.set(name, { ...output, copy: this.#copy(output.found) })
    }
  }

  /** Whether `*` of a source whose columns are not known may have another column of the name that this one has. */
  get mayRepeat(): boolean {
    return [...this.cells.values()].some(({ found }) => this.#mayRepeat(found))
  }

  get selections(): readonly SelectionNode[] {
    return [...this.#selections, ...this.#added]
  }

  /** Where the column can be read in the result. It is added if it was not selected. */
  cell(found: Found): Cell {
    const selected = [...this.cells].find(([, output]) => isSame(output.found, found))
    const property = selected?.[0] ?? this.#rewriter.hiddenName()
    if (!selected) {
      this.#added.push(selectAs(columnIn(found.source, found.name), property))
      this.hidden.add(property)
      this.#add(property, found)
    }
    return this.#cellOf(property)
  }

  all(): Cell[] {
    return [...this.cells.keys()].map((property) => this.#cellOf(property))
  }

  #cellOf(property: string): Cell {
    const output = this.cells.get(property)
    if (!output) throw new TypeError(`No cell is called ${property}`)
    const { found, keys, copy } = output
    const cell = { property, table: found.table, column: found.column.name, keys }
    return copy === undefined ? cell : { ...cell, property: copy, shownAs: property }
  }

  #mayRepeat({ source }: Found): boolean {
    return [...this.#stars].some((star) => star !== source || source.mayRepeat)
  }

  #copy(found: Found): string {
    const name = this.#rewriter.hiddenName()
    this.#added.push(selectAs(columnIn(found.source, found.name), name))
    this.hidden.add(name)
    return name
  }

  #read(selection: SelectionNode): SelectionNode {
    const node = selection.selection
    const star = starOf(node)
    if (star) {
      this.#readStar(star.table && this.#rewriter.scope.named(star.table.table))
      if (!star.table) for (const source of this.#rewriter.scope.sources) this.#readStar(source)
      return selection
    }
    const inner = AliasNode.is(node) ? node.node : node
    const reference = referenceOf(inner)
    const alias =
      AliasNode.is(node) && IdentifierNode.is(node.alias) ? node.alias.name : reference?.name
    const found = reference && this.#rewriter.scope.resolve(reference)
    if (found && alias !== undefined && !(AliasNode.is(node) && !IdentifierNode.is(node.alias))) {
      this.#add(alias, found)
      return selection
    }
    if (alias !== undefined) this.#addPlain(alias)
    return this.#rewriter.rewrite(selection)
  }

  #readStar(source: Source | undefined): void {
    if (!source) return
    this.#stars.add(source)
    for (const [name, carried] of source.columns) this.#add(name, { ...carried, source, name })
    for (const name of source.hidden) this.hidden.add(name)
  }

  #add(name: string, found: Found): void {
    const there = this.cells.get(name)
    if ((there && !isSame(there.found, found)) || this.#plain.has(name)) {
      throw refuseTwice(found.table, found.column.name, name)
    }
    if (!there) this.cells.set(name, { found, keys: this.#keysOf(found) })
  }

  #addPlain(name: string): void {
    const there = this.cells.get(name)
    if (there) throw refuseTwice(there.found.table, there.found.column.name, name)
    this.#plain.add(name)
  }

  /** Values are bound to their row's key, so it is selected with them, once for all of a row. */
  #keysOf({ source, keys }: Found): ReadonlyMap<string, string> {
    const ofSource = this.#keys.get(source) ?? new Map<Carried['keys'], Map<string, string>>()
    this.#keys.set(source, ofSource)
    const known = ofSource.get(keys)
    if (known) return known
    const added = new Map<string, string>()
    for (const [key, name] of keys) {
      const hidden = this.#rewriter.hiddenName()
      this.#added.push(selectAs(columnIn(source, name), hidden))
      this.hidden.add(hidden)
      added.set(key, hidden)
    }
    ofSource.set(keys, added)
    return added
  }
}

/** The first of a query's encrypted outputs as the reason why it cannot be used as a value. */
export function refuseAsValue(outputs: Outputs): void {
  const [first] = outputs.cells.values()
  if (first) throw refuseOutput(first.found.table, first.found.column.name)
}

/** RETURNING, and what a statement has by it. */
export function returned(
  rewriter: Rewriter,
  node: ReturningNode | undefined,
  use: Use,
): { outputs: Outputs | undefined; returning: ReturningNode | undefined } {
  if (!node) return { outputs: undefined, returning: undefined }
  const outputs = new Outputs(rewriter, node.selections)
  if (use === 'value') refuseAsValue(outputs)
  return { outputs, returning: { ...node, selections: outputs.selections } }
}

function isSame(one: Found, other: Found): boolean {
  return one.source === other.source && one.name === other.name
}
