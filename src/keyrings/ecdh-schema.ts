import { checkOptions } from '../checks.ts'
import { InvalidArgumentError } from '../errors.ts'

/** Refuses a key agreement schema of an unknown type, and options that are another type's. */
export function checkSchema<Type extends string>(
  schema: { readonly type: Type },
  optionsOf: Readonly<Record<Type, readonly string[]>>,
): void {
  const given: unknown = schema
  if (typeof given !== 'object' || given === null) {
    throw new InvalidArgumentError('schema', 'schema must be an object')
  }
  const { type } = schema
  if (typeof type !== 'string' || !Object.hasOwn(optionsOf, type)) {
    const known = Object.keys(optionsOf).join(', ')
    throw new InvalidArgumentError('type', `The type of schema must be one of: ${known}`)
  }
  checkOptions(schema, ['type', ...optionsOf[type]], 'schema')
}
