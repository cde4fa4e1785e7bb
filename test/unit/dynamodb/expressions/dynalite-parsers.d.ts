/** dynalite's own parsers; its index has the types, and these files have none. */
declare module 'dynalite/db/*Parser.js' {
  interface Parsed {
    pathHeads?: Record<string, true>
    paths?: Record<string, unknown> | (string | number)[][]
  }

  const parser: {
    /** @returns a text if the expression is against a rule of DynamoDB, such as that on reserved words. */
    parse(expression: string, options: { context: Record<string, unknown> }): string | Parsed
  }
  export default parser
}
