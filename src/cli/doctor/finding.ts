/** `wrong` keeps the message from opening; `unknown`: it could not be looked at, because of what is wrong. */
export type Verdict = 'right' | 'wrong' | 'note' | 'unknown'

/** One thing that was looked at. Its texts may hold what a message says: they are escaped where they are printed. */
export interface Finding {
  readonly about:
    | 'form'
    | 'commitment policy'
    | 'signature policy'
    | 'data keys'
    | 'encryption context'
    | 'length'
    | 'data key'
    | 'keys'
    | 'header'
    | 'body'
    | 'signature'
    | 'end'
  readonly verdict: Verdict
  readonly text: string
  /** What to do about it. */
  readonly advice?: string
}

/** The findings, in the order in which decryption comes upon them. */
export class Findings {
  readonly list: Finding[] = []

  right(about: Finding['about'], text: string): void {
    this.list.push({ about, verdict: 'right', text })
  }

  note(about: Finding['about'], text: string, advice?: string): void {
    this.#add(about, 'note', text, advice)
  }

  unknown(about: Finding['about'], text: string, advice?: string): void {
    this.#add(about, 'unknown', text, advice)
  }

  wrong(about: Finding['about'], text: string, advice?: string): void {
    this.#add(about, 'wrong', text, advice)
  }

  #add(about: Finding['about'], verdict: Verdict, text: string, advice: string | undefined): void {
    this.list.push({ about, verdict, text, ...(advice === undefined ? {} : { advice }) })
  }

  /** Whether the message opens with what was given. */
  get opens(): boolean {
    return this.list.every(({ verdict }) => verdict === 'right' || verdict === 'note')
  }
}
