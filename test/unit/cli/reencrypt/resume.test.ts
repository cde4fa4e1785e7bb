import { appendFile, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Workplace, messageIdOf } from './workplace.ts'

let place: Workplace
beforeEach(async () => {
  place = await Workplace.make()
})
afterEach(async () => {
  await place.remove()
})

describe('a further run in place', () => {
  test('skips what is done, does what is left, and removes the journal', async () => {
    await place.putAndLeave('a', 'deep/b')
    await place.put('c')
    const again = await place.inPlace()
    expect(again.statuses).toEqual({ a: 'skipped', 'deep/b': 'skipped', c: 'done' })
    expect(again.status).toBe(0)
    await place.expectMoved('a', 'deep/b', 'c')
    expect(await place.left()).toEqual(['a', 'c', 'deep'])
  })

  test('does a file again that was changed in between', async () => {
    await place.putAndLeave('a', 'b')
    await place.put('a')
    expect((await place.inPlace()).statuses).toEqual({ a: 'done', b: 'skipped' })
    await place.expectMoved('a', 'b')
  })

  test('reports a file that a stranger has put in the place of one that was done', async () => {
    await place.putAndLeave('a', 'b')
    await writeFile(place.path('a'), 'other')
    const again = await place.inPlace()
    expect(again).toMatchObject({ status: 1, statuses: { a: 'failed', b: 'skipped' } })
    expect(await readFile(place.path('a'), 'utf8')).toBe('other')
  })

  test('does not believe a journal that calls a message done which the new key does not open', async () => {
    await place.putAndLeave('a')
    const stranger = await Workplace.make()
    const message = await stranger.put('a')
    await stranger.remove()
    await writeFile(place.path('a'), message)
    const entry = JSON.parse(await readFile(place.journal, 'utf8')) as object
    await appendFile(place.journal, `\n${JSON.stringify({ ...entry, to: messageIdOf(message) })}`)
    expect(await place.inPlace()).toMatchObject({ status: 1, statuses: { a: 'failed' } })
    expect(await readFile(place.path('a'))).toEqual(Buffer.from(message))
  })

  test('refuses a done file that has not the context which is asked for now', async () => {
    await place.putAndLeave('a')
    const again = await place.inPlace('--require-context', 'team')
    expect(again).toMatchObject({ status: 1, statuses: { a: 'failed' } })
    await place.expectMoved('a')
  })
})

/* The journal has an entry, and the file is still the old one: a crash between the note and the rename. */
describe('a file whose note was written and whose rename was not is done, with a journal', () => {
  test.each<[string, (line: string) => string]>([
    ['that is whole', (line) => line],
    ['of nothing', () => ''],
    ['cut off in its line', (line) => line.slice(0, -1)],
    ['cut off at its first byte', (line) => line.slice(0, 1)],
    ['with its line twice', (line) => `${line}\n${line}`],
    ['with damaged bytes', (line) => `\u0000\ufffd${line}\n[]\nnull\n{`],
    ['that leads outside', (line) => line.replace('"a"', '"../a"')],
    ['of an absolute path', (line) => line.replace('"a"', JSON.stringify(place.path('a')))],
    ['of a name of objects', (line) => line.replace('"a"', '"__proto__"')],
    ['with a member too many', (line) => line.replace('}', ',"more":1}')],
    ['with a number for an id', (line) => line.replace(/"to":"[^"]*"/, '"to":1')],
  ])('%s', async (_, change) => {
    await place.putAndLeave('a')
    const line = (await readFile(place.journal, 'utf8')).trim()
    await writeFile(place.journal, `\n${change(line)}`)
    await place.put('a')
    const outside = join(place.folder, 'a')
    await copyFile(place.path('a'), outside)
    expect(await place.inPlace()).toMatchObject({ status: 0, statuses: { a: 'done' } })
    await place.expectMoved('a')
    expect(await place.left()).toEqual(['a'])
    expect(await place.stateOf(outside)).toEqual({ under: 'old', plaintext: 'a' })
  })
})

test('lines after one that was cut off are whole', async () => {
  await place.putAndLeave('a')
  await appendFile(place.journal, '\n{"path":"b","fr')
  await place.put('b')
  await writeFile(place.path('broken'), 'x')
  await place.inPlace()
  expect((await place.inPlace()).statuses).toEqual({ a: 'skipped', b: 'skipped', broken: 'failed' })
})

describe('into a folder', () => {
  const into = (...args: string[]) => {
    const inputs = ['one', 'two'].map((name) => place.path(name))
    const output = join(place.folder, 'output')
    return place.run(...inputs, '-r', '-o', output, ...place.keyFlags, ...args)
  }
  const output = (name: string) => join(place.folder, 'output', name)

  test('several folders go on where a run has stopped', async () => {
    await mkdir(place.path('one'))
    await place.put('one/a')
    await place.put('two/deep/b')
    await writeFile(place.path('one/broken'), 'x')
    const moved = { 'one/a': 'done', 'two/deep/b': 'done', 'one/broken': 'failed' }
    expect(await into()).toMatchObject({ status: 1, statuses: moved })
    // Without its message the rename of b has not come to pass; and c is new.
    await rm(output('deep/b'))
    await rm(place.path('one/broken'))
    await place.put('two/c')
    const again = await into()
    expect(again.statuses).toEqual({ 'one/a': 'skipped', 'two/deep/b': 'done', 'two/c': 'done' })
    expect(again.status).toBe(0)
    for (const [name, plaintext] of [
      ['a', 'one/a'],
      ['deep/b', 'two/deep/b'],
      ['c', 'two/c'],
    ] as const) {
      expect(await place.stateOf(output(name))).toEqual({ under: 'new', plaintext })
      expect((await place.stateOf(place.path(plaintext))).under).toBe('old')
    }
    await expect(readFile(output(Workplace.journal))).rejects.toThrow('ENOENT')
  })

  test('a source that was changed in between is no longer done', async () => {
    await place.put('one/a')
    await place.put('two/b')
    await writeFile(place.path('one/broken'), 'x')
    await into()
    await place.put('one/a')
    const refused = await into()
    expect(refused.statuses).toEqual({
      'one/a': 'failed',
      'one/broken': 'failed',
      'two/b': 'skipped',
    })
    expect(refused.stderr).toContain('exists')
    expect((await into('--overwrite')).statuses).toMatchObject({
      'one/a': 'done',
      'two/b': 'skipped',
    })
  })
})
