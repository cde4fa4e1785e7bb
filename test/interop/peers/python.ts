import { type Peer, peerFile } from './peer.ts'
import { pythonEnvironment } from './python-environment.ts'

/** The AWS Encryption SDK for Python, in a virtual environment of its own. */
export const python: Peer = {
  name: 'Python',
  async prepare() {
    const prepared = await pythonEnvironment('python', peerFile('python/requirements.txt'))
    if ('missing' in prepared) return prepared
    return { command: [prepared.python, '-B', peerFile('python/peer.py')] }
  },
}
