import { tamperExhaustively } from './suite.ts'

tamperExhaustively(['ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384'])
