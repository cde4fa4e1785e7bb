import { KmsKeyring, KmsMrkDiscoveryKeyring, KmsMrkKeyring, KmsRsaKeyring } from '../../src/kms.ts'
import { FakeKms } from '../support/fake-kms.ts'
import { tamperWrapped } from './suite.ts'

// One message has thousands of cases, and each can be a call: a KMS in this process answers them.
const kms = new FakeKms()
const home = kms.client('eu-central-1')
const away = kms.client('us-west-2')
const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/one'
const mrk = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-one'
const replica = mrk.replace('eu-central-1', 'us-west-2')
const discoveryFilter = { accountIds: ['111122223333'], partition: 'aws' }
const encryptionAlgorithm = 'RSAES_OAEP_SHA_256'

const strict = new KmsKeyring({ client: home, keyId })
tamperWrapped('KMS', strict, strict)
tamperWrapped(
  'KMS MRK, read by a replica',
  new KmsMrkKeyring({ client: home, keyId: mrk }),
  new KmsMrkKeyring({ client: away, keyId: replica }),
)
tamperWrapped(
  'KMS MRK, read by discovery',
  new KmsMrkKeyring({ client: home, keyId: mrk }),
  new KmsMrkDiscoveryKeyring({ client: away, discoveryFilter }),
)
tamperWrapped(
  'KMS RSA',
  new KmsRsaKeyring({ keyId: mrk, publicKey: kms.publicKey, encryptionAlgorithm }),
  new KmsRsaKeyring({ keyId: replica, client: away, encryptionAlgorithm }),
)
