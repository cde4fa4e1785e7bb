import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ended, startCli } from '../../../support/cli.ts'
import { Workplace, messageIdOf, recordsOf } from './workplace.ts'

const marker = 'PLAINTEXT-THAT-NO-DISK-MAY-HOLD'
const plaintextOf = (name: string) => `${name}:`.padEnd(10_000, marker)
const names = Array.from({ length: 60 }, (_, i) => `file-${i}`)

let place: Workplace
beforeEach(async () => {
  place = await Workplace.make()
  await mkdir(join(place.folder, 'tmp'))
})
afterEach(async () => {
  await place.remove()
})

function start(...args: string[]) {
  const env = { TMPDIR: join(place.folder, 'tmp') }
  return startCli(['reencrypt', ...args, ...place.keyFlags, '--json'], { env })
}
const startInPlace = () => start(place.messages, '-r', '--in-place', '--jobs', '1')

/** The notes of the journal, as a crash has left them. */
function notes(): { path: string; to: string }[] {
  let text = ''
  try {
    text = readFileSync(place.journal, 'utf8')
  } catch {
    // not there yet, or no longer
  }
  return text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as { path: string; to: string })
}

/** The files that the journal has as they are now. */
async function noted(): Promise<string[]> {
  const ids = new Map<string, string>()
  for (const name of names) ids.set(name, messageIdOf(await readFile(place.path(name))))
  const done = notes().filter(({ path, to }) => ids.get(path) === to)
  return done.map(({ path }) => path).sort()
}

async function states(): Promise<{ old: string[]; now: string[] }> {
  const found = { old: new Array<string>(), now: new Array<string>() }
  for (const name of names) {
    const { under, plaintext } = await place.stateOf(place.path(name))
    expect(plaintext === plaintextOf(name)).toBe(true)
    found[under === 'old' ? 'old' : 'now'].push(name)
  }
  return found
}

/** Looks through all files, those of the temporary folder and of killed runs among them. */
async function expectNoPlaintext(): Promise<void> {
  for (const entry of await readdir(place.folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    // What is under way may get its name meanwhile.
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0))
    expect(bytes.includes(marker), entry.name).toBe(false)
  }
}

const skippedIn = (stdout: Buffer) =>
  recordsOf(stdout.toString()).filter(({ status }) => status === 'skipped').length

test('runs that are killed with kill -9 as they write lose nothing, and the next one goes on', async () => {
  for (const name of names) await place.put(name, plaintextOf(name))
  // How many lines each run gets to write: the kill comes as soon as the last of them is seen, which is between the
  // line and the rename, or soon after.
  for (const more of [1, 2, 1, 3, 1, 4]) {
    const before = { lines: notes().length, done: await noted() }
    const child = startInPlace()
    const end = ended(child)
    while (notes().length < before.lines + more && child.exitCode === null) await setImmediate()
    child.kill('SIGKILL')
    const { signal, stdout } = await end
    expect(signal).toBe('SIGKILL')
    expect(skippedIn(stdout)).toBe(before.done.length)
    await expectNoPlaintext()
    // What has its new name is noted, with that message.
    expect((await states()).now.sort()).toEqual(await noted())
  }
  const done = await noted()
  expect(done.length).toBeGreaterThan(0)
  expect(done.length).toBeLessThan(names.length)
  const { status, stdout, stderr } = await ended(startInPlace())
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: `waxseal: reencrypt: ${names.length - done.length} done, ${done.length} skipped\n`,
  })
  const skipped = recordsOf(stdout.toString()).filter((record) => record.status === 'skipped')
  expect(skipped.map(({ input }) => input).sort()).toEqual(done.map((name) => place.path(name)))
  expect((await states()).old).toEqual([])
  expect(await place.left()).not.toContain(Workplace.journal)
  await expectNoPlaintext()
}, 60_000)

test('two runs at once in one folder lose nothing, and what they leave is done by a third', async () => {
  for (const name of names) await place.put(name, plaintextOf(name))
  const results = await Promise.all([ended(startInPlace()), ended(startInPlace())])
  for (const { status } of results) expect([0, 1]).toContain(status)
  const { old } = await states()
  // Each may have stopped for the other; else one has come to the end of its work.
  if (old.length > 0) expect((await ended(startInPlace())).status).toBe(0)
  expect((await states()).old).toEqual([])
}, 60_000)

test.skipIf(process.platform === 'win32')(
  'no plaintext is on the disk while a message is under way',
  async () => {
    const plaintext = marker.repeat(40_000)
    const { ciphertext } = await place.oldClient.encrypt(plaintext)
    const [source, output] = [join(place.folder, 'fifo'), join(place.messages, 'output')]
    execFileSync('sh', ['-c', 'mkfifo "$0"', source])
    const end = ended(start(source, '-o', output))
    const input = createWriteStream(source)
    const half = ciphertext.length / 2
    input.write(ciphertext.subarray(0, half))
    // More than half of what was sent has been decrypted and written again.
    while ((await lengthOfPartial()) < half / 2) await setImmediate()
    await expectNoPlaintext()
    expect(await readdir(join(place.folder, 'tmp'))).toEqual([])
    input.end(ciphertext.subarray(half))
    await once(input, 'close')
    expect(await end).toMatchObject({ status: 0 })
    expect((await place.stateOf(output)).plaintext === plaintext).toBe(true)
    await rm(source)
  },
  30_000,
)

async function lengthOfPartial(): Promise<number> {
  const [name] = (await place.left()).filter((entry) => entry.endsWith('.waxseal-partial'))
  if (name === undefined) return 0
  return (await stat(place.path(name))).size
}
