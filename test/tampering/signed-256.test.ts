import { tamperExhaustively } from './suite.ts'

tamperExhaustively(['ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384'])
