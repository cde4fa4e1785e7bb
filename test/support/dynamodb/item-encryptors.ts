import {
  DynamoDbItemEncryptor,
  type Item,
  type TableEncryptionConfig,
  itemAlgorithmSuites,
} from '../../../src/dynamodb.ts'
import {
  type CryptographicMaterialsManager,
  type Keyring,
  RawAesKeyring,
} from '../../../src/index.ts'

/** With the HMACs alone, and with ECDSA, too. */
export const unsignedSuite =
  itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384.name
export const signedSuite =
  itemAlgorithmSuites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384.name
export const itemSuites = [unsignedSuite, signedSuite] as const

/** A keyring without a service, the same one for the same key name. */
export function aesKeyring(keyName = 'a'): RawAesKeyring {
  const wrappingKey = Buffer.alloc(32, keyName)
  return new RawAesKeyring({ keyNamespace: 'items', keyName, wrappingKey })
}

/** Options of a configuration; without a `cmm`, there is a keyring. */
export type ConfigChange = Partial<Omit<TableEncryptionConfig, 'keyring' | 'cmm'>> & {
  keyring?: Keyring
  cmm?: CryptographicMaterialsManager
}

/** A configuration with a sort key and every action but that of version 2, changed as given. */
export function tableConfig(change: ConfigChange = {}): TableEncryptionConfig {
  const { keyring = aesKeyring(), cmm, ...options } = change
  const config: Omit<TableEncryptionConfig, 'keyring' | 'cmm'> = {
    logicalTableName: 'orders',
    partitionKeyName: 'id',
    sortKeyName: 'at',
    attributeActionsOnEncrypt: {
      id: 'SIGN_ONLY',
      at: 'SIGN_ONLY',
      card: 'ENCRYPT_AND_SIGN',
      address: 'ENCRYPT_AND_SIGN',
      state: 'SIGN_ONLY',
      ':note': 'DO_NOTHING',
    },
    allowedUnsignedAttributes: [':note'],
    ...options,
  }
  return cmm === undefined ? { ...config, keyring } : { ...config, cmm }
}

export function encryptorFor(change: ConfigChange = {}): DynamoDbItemEncryptor {
  return new DynamoDbItemEncryptor(tableConfig(change))
}

/** The same configuration in version 2: the key and the state are in the encryption context. */
export const version2: ConfigChange = {
  attributeActionsOnEncrypt: {
    ...tableConfig().attributeActionsOnEncrypt,
    id: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
    at: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
    state: 'SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT',
  },
}

/** An item of that table, changed as given. */
export function plaintextItem(change: Item = {}): Item {
  return {
    id: { S: 'order é' },
    at: { N: '1700000000' },
    card: { S: '4111 1111' },
    address: { M: { lines: { L: [{ S: 'a street' }, { NULL: true }] } } },
    state: { S: 'paid' },
    ':note': { S: 'unsigned' },
    ...change,
  }
}

/** The same item without the attributes of these names. */
export function without(item: Item, ...names: string[]): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)))
}
