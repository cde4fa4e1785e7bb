import { tamperExhaustively } from './suite.ts'

tamperExhaustively(['ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256'])
