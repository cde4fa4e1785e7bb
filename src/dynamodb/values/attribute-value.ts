/** Attribute values and the bytes that are encrypted and signed of them. */
export { deserializeAttribute } from './deserialize.ts'
export { serializeAttribute } from './serialize.ts'
