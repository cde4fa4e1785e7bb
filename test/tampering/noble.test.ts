import { nobleBackend } from '../../src/noble.ts'
import { tamperLightly } from './suite.ts'

tamperLightly(
  [
    'ALG_AES_128_GCM_IV12_TAG16_NO_KDF',
    'ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256',
    'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY',
    'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
  ],
  nobleBackend,
)
