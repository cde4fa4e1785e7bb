/** No other module can name it, so no request is raw but those of this library. */
const raw = Symbol('waxseal.rawRequest')

/**
 * The input of a request of our own, which passes the plugin as it is: nothing of it is checked, encrypted or
 * decrypted. The mark is on the input and not in the context of the command, which clients with
 * `cacheMiddleware` share between all commands of a kind; and it is a property, so that it survives a middleware
 * of the application which copies the input. What is sent to DynamoDB has no symbols.
 */
export function rawRequest<Input extends object>(input: Input): Input {
  return { ...input, [raw]: true }
}

export function isRaw(input: object): boolean {
  return raw in input
}
