import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'

const file = z.object({
  operations: z.record(
    z.string(),
    z.object({ errors: z.array(z.object({ shape: z.string() })).default([]) }),
  ),
})

/** Those that any operation may answer, and the model therefore does not repeat. */
const common = [
  'AccessDeniedException',
  'NotAuthorizedException',
  'ThrottlingException',
  'ValidationException',
]

/**
 * AWS's own description of KMS's API, which comes with the AWS CLI: the errors that each operation
 * can answer with.
 */
export function declaredErrors(python: string): (operation: string) => readonly string[] {
  const path = 'botocore/data/kms/2014-11-01/service-2.json.gz'
  const model = packageFolders(python)
    .map((folder) => join(folder, path))
    .find((candidate) => existsSync(candidate))
  if (model === undefined) throw new Error(`botocore has no ${path}`)
  const { operations } = file.parse(JSON.parse(gunzipSync(readFileSync(model)).toString()))
  return (operation) => {
    const errors = operations[operation]?.errors
    if (!errors) throw new Error(`AWS's model of KMS has no operation ${operation}`)
    return [...common, ...errors.map(({ shape }) => shape)]
  }
}

function packageFolders(python: string): readonly string[] {
  const folder = join(python, '..', '..')
  const versions = existsSync(join(folder, 'lib')) ? readdirSync(join(folder, 'lib')) : []
  return [
    ...versions.map((version) => join(folder, 'lib', version, 'site-packages')),
    join(folder, 'Lib', 'site-packages'), // on Windows
  ]
}
