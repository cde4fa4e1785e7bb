import { z } from 'zod'
import { KmsError } from './kms-error.ts'
import { validate } from './validation.ts'

/** The name of a new alias. */
export const aliasName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[a-zA-Z0-9:/_-]+$/, 'Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$')
  .transform((name) => {
    if (!/^alias\/./.test(name)) {
      throw new KmsError(
        'ValidationException',
        'Alias must start with the prefix "alias/". Please see ' +
          'https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
      )
    }
    if (name.startsWith('alias/aws/')) {
      throw new KmsError('NotAuthorizedException', 'The prefix alias/aws/ is reserved for AWS.')
    }
    return name
  })

export function checkAliasName(name: unknown): void {
  validate(z.object({ AliasName: aliasName }), { AliasName: name })
}
