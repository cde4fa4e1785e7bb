import { RawEcdhKeyring } from '../../src/index.ts'
import { ecdhTestKeys } from '../support/ecdh.ts'
import { tamperWrapped } from './suite.ts'

const curve = 'P-256'
const { sender, recipient } = ecdhTestKeys(curve)
const recipientPublicKey = recipient.publicKey
const ephemeral = new RawEcdhKeyring({ curve, schema: { type: 'ephemeral', recipientPublicKey } })
const fixed = new RawEcdhKeyring({
  curve,
  schema: { type: 'static', senderPrivateKey: sender.privateKey, recipientPublicKey },
})
const discovery = new RawEcdhKeyring({
  curve,
  schema: { type: 'discovery', recipientPrivateKey: recipient.privateKey },
})

tamperWrapped('raw ECDH, ephemeral', ephemeral, discovery)
tamperWrapped('raw ECDH, static', fixed, fixed)
