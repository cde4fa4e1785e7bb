import type { CryptoBackend } from '../crypto/backend.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { Keyring } from '../keyrings/keyring.ts'
import { type CryptographicMaterialsManager, checkCmm } from './cmm.ts'
import { DefaultCmm } from './default.ts'

/** What a CMM gets the materials from that it does not make itself: a keyring or another CMM. */
export type UnderlyingOptions =
  | {
      /** Wraps the data keys. Give either this or `cmm`. */
      keyring: Keyring
      cmm?: never
    }
  | {
      keyring?: never
      /** Decides on the materials. Give either this or `keyring`. */
      cmm: CryptographicMaterialsManager
    }

/** The CMM that was given, or a default one for the keyring that was (caching-cmm.md, "Initialization"). */
export function underlyingCmm(
  options: { keyring?: Keyring | undefined; cmm?: CryptographicMaterialsManager | undefined },
  backend: CryptoBackend,
  whose: string,
): CryptographicMaterialsManager {
  const { keyring, cmm } = options
  if ((keyring === undefined) === (cmm === undefined)) {
    throw new InvalidArgumentError('keyring', `Give the ${whose} either a keyring or a cmm`)
  }
  if (keyring) return new DefaultCmm({ keyring, backend })
  checkCmm(cmm, 'cmm')
  return cmm
}
