import {
  NodeCachingMaterialsManager,
  getLocalCryptographicMaterialsCache,
} from '@aws-crypto/client-node'
import { CachingCmm, EnvelopeClient, LocalCryptoMaterialsCache } from 'waxseal'
import { ourKeyring, peerClient, peerKeyring, peerSuites, ourSuites } from './clients.ts'
import { floorCachedDecrypt, floorCachedEncrypt, sealFrames } from './floor.ts'
import { type Row, repeated, repeatedAtOnce } from './measure.ts'

const messages = 5000
const maxAge = 60 * 60 * 1000
const capacity = 100

/** Small messages with one cached data key, made by a raw AES keyring. */
export async function cachingRows(plaintext: Uint8Array, targets: Row['targets']): Promise<Row[]> {
  const ours = new EnvelopeClient({
    cmm: new CachingCmm({
      cache: new LocalCryptoMaterialsCache({ capacity }),
      keyring: ourKeyring,
      maxAgeMs: maxAge,
    }),
  })
  const peer = new NodeCachingMaterialsManager({
    backingMaterials: peerKeyring,
    cache: getLocalCryptographicMaterialsCache(capacity),
    maxAge,
  })
  const ourOptions = { algorithmSuite: ourSuites.unsigned }
  const peerOptions = { suiteId: peerSuites.unsigned }
  const { ciphertext } = await ours.encrypt(plaintext, ourOptions)
  const [frame] = sealFrames(plaintext, plaintext.length)
  if (!frame) throw new Error('unreachable: a message has a frame')
  const work = '100-byte messages, cached data key, 0x0478'
  return [
    {
      work: `${work}, encrypt`,
      messages,
      targets,
      ours: repeated(messages, () => ours.encrypt(plaintext, ourOptions)),
      peer: repeated(messages, () => peerClient.encrypt(peer, plaintext, peerOptions)),
      floor: repeatedAtOnce(messages, () => {
        floorCachedEncrypt(plaintext)
      }),
    },
    {
      work: `${work}, decrypt`,
      messages,
      targets,
      ours: repeated(messages, () => ours.decrypt(ciphertext)),
      peer: repeated(messages, () => peerClient.decrypt(peer, ciphertext)),
      floor: repeatedAtOnce(messages, () => {
        floorCachedDecrypt(frame)
      }),
    },
  ]
}
