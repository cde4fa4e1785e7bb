export { LocalKms, type LocalKmsClientConfig } from './local-kms.ts'
export type { LocalKmsOptions } from './options.ts'
