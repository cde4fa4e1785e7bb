import { tamperExhaustively } from './suite.ts'

tamperExhaustively([
  'ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256',
  'ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA256',
  'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256',
])
