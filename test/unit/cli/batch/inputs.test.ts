import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findInputs } from '../../../../src/cli/batch/inputs.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-inputs-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const path = (name: string): string => join(folder, name)
const file = (name: string): void => {
  writeFileSync(path(name), name)
}

async function find(name: string, options = {}) {
  const result = await findInputs([path(name)], { recursive: false, follow: false, ...options })
  return {
    found: result.found.map(({ source }) =>
      source.kind === 'file' ? relative(folder, source.path) : '-',
    ),
    sizes: result.found.map(({ source }) => (source.kind === 'file' ? source.size : undefined)),
    refused: result.refused.map(
      ({ path: named, error }) => `${relative(folder, named)}: ${error.message}`,
    ),
  }
}

describe('what is named on the command line', () => {
  it('a FIFO is an input of unknown size', async () => {
    execFileSync('mkfifo', [path('fifo')])
    expect(await find('fifo')).toEqual({ found: ['fifo'], sizes: [undefined], refused: [] })
  })

  it('a socket is refused', async () => {
    const server = createServer().listen(path('socket'))
    await once(server, 'listening')
    expect((await find('socket')).refused).toEqual(['socket: it is a socket'])
    server.close()
  })

  it('a folder is refused without --recursive', async () => {
    mkdirSync(path('in'))
    expect((await find('in')).refused).toEqual(['in: it is a folder; --recursive goes through it'])
  })

  it('a link is followed, and one to nothing is refused', async () => {
    file('a')
    symlinkSync('a', path('link'))
    symlinkSync('nothing', path('dead'))
    expect((await find('link')).found).toEqual(['link'])
    expect((await find('dead')).refused).toEqual(['dead: it is a symbolic link to nothing'])
  })
})

describe('patterns', () => {
  it('match files, in order', async () => {
    mkdirSync(path('deep'))
    for (const name of ['b.txt', 'a.txt', 'c.md', 'deep/d.txt']) file(name)
    expect((await find('*.txt')).found).toEqual(['a.txt', 'b.txt'])
    expect((await find('**/*.{txt,md}')).found).toEqual(['a.txt', 'b.txt', 'c.md', 'deep/d.txt'])
  })

  it('are names first: a file that is called like one is that file', async () => {
    for (const name of ['[ab].txt', 'a.txt', '*']) file(name)
    expect((await find('[ab].txt')).found).toEqual(['[ab].txt'])
    expect((await find('*')).found).toEqual(['*'])
  })

  it('leave out no symbolic link without a word', async () => {
    mkdirSync(path('in'))
    for (const name of ['a.txt', 'in/b.txt']) file(name)
    symlinkSync('a.txt', path('link.txt'))
    symlinkSync('in', path('linked'))
    const { found, refused } = await find('**/*.txt')
    expect(found).toEqual(['a.txt', 'in/b.txt'])
    expect(refused).toEqual([
      'link.txt: it is a symbolic link, or behind one; --follow follows it',
      'linked/b.txt: it is a symbolic link, or behind one; --follow follows it',
    ])
    const followed = await find('**/*.txt', { follow: true })
    expect(followed.found).toEqual(['a.txt', 'in/b.txt', 'link.txt', 'linked/b.txt'])
  })

  it('that match nothing are refused', async () => {
    expect((await find('*.txt')).refused).toEqual(['*.txt: no file matches it'])
  })
})

describe('links in folders', () => {
  beforeEach(() => {
    mkdirSync(path('in/deep'), { recursive: true })
    file('in/a')
    file('other')
    symlinkSync('../other', path('in/link'))
    symlinkSync('..', path('in/deep/up'))
  })

  it('are refused', async () => {
    const { found, refused } = await find('in', { recursive: true })
    expect(found).toEqual(['in/a'])
    expect(refused).toEqual([
      'in/deep/up: it is a symbolic link, or behind one; --follow follows it',
      'in/link: it is a symbolic link, or behind one; --follow follows it',
    ])
  })

  it('are followed with --follow, in no circle', async () => {
    const { found, refused } = await find('in', { recursive: true, follow: true })
    expect(found).toEqual(['in/a', 'in/link'])
    expect(refused).toEqual(['in/deep/up: symbolic links lead in a circle'])
  })
})

it('nothing but regular files with names in UTF-8 is taken from a folder, nor what a killed process left', async () => {
  mkdirSync(path('in'))
  file('in/a')
  file('in/.0123456789ab.waxseal-partial')
  file('in/.waxseal-reencrypt')
  execFileSync('mkfifo', [path('in/fifo')])
  writeFileSync(Buffer.concat([Buffer.from(path('in/x')), Buffer.from([0xff])]), '')
  const { found, refused } = await find('in', { recursive: true })
  expect(found).toEqual(['in/a'])
  expect(refused).toEqual([
    'in/fifo: it is not a regular file',
    'in/x\\xff: its name is not UTF-8; rename it',
  ])
})
