import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FrameWindow } from '../../../src/client/frame-window.ts'
import { FrameLayout } from '../../../src/format/frame-layout.ts'

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)

/** The layout of a message with so many full frames, and one of 5 bytes (or fewer) behind them. */
function layoutOf(frames: number, frameLength: number): FrameLayout {
  const bodyEnd = 100 + (frames - 1) * (frameLength + 32) + 40 + Math.min(5, frameLength)
  const layout = FrameLayout.between(100, bodyEnd, frameLength)
  if (!layout) throw new Error('no frames fit')
  return layout
}

const frameOf = (layout: FrameLayout, index: number) =>
  Buffer.alloc(layout.lengthOf(index), index + 1)

it('keeps the frames that were used last, in memory of its own, and none once it was cleared', () => {
  const capacities = [1, 2, 3, 9, 40, 5000] // of frames of 400 kB, two are in a block
  const frameLengths = [1, 128, 400_000]
  for (const frameLength of frameLengths) {
    const frames = frameLength === 400_000 ? 6 : 60
    const layout = layoutOf(frames, frameLength)
    const uses = fc.array(fc.nat(frames - 1), { maxLength: frames * 2 })
    fc.assert(
      fc.property(fc.constantFrom(...capacities), uses, (capacity, indexes) => {
        const window = new FrameWindow(layout, capacity * Math.max(128, frameLength))
        let used: number[] = []
        for (const index of indexes) {
          const kept = window.get(index)
          expect(kept !== undefined).toBe(used.includes(index))
          if (kept) expect(frameOf(layout, index).equals(kept)).toBe(true)
          else {
            const plaintext = frameOf(layout, index)
            window.put(index, plaintext)
            expect(isZero(plaintext)).toBe(capacity > 1)
          }
          used = [...used.filter((other) => other !== index), index].slice(-capacity)
        }
        const memory = used.map((index) => window.get(index) ?? Buffer.from('gone'))
        window.clear()
        expect(memory.every(isZero)).toBe(true)
        expect(used.some((index) => window.has(index))).toBe(false)
      }),
      { numRuns: frameLength === 400_000 ? 10 : 50 },
    )
  }
})

it.each([0, 10_000])('overwrites a frame that it already has, of %d bytes at most', (mostBytes) => {
  const layout = layoutOf(3, 128)
  const window = new FrameWindow(layout, mostBytes)
  window.put(1, frameOf(layout, 1))
  const again = frameOf(layout, 1)
  window.put(1, again)
  expect(isZero(again)).toBe(true)
  expect(frameOf(layout, 1).equals(window.get(1) ?? Buffer.alloc(0))).toBe(true)
})

it('may be far larger than the memory there is, which is allocated as frames come', () => {
  const layout = layoutOf(2 ** 32 - 1, 2 ** 12)
  const window = new FrameWindow(layout, Number.MAX_SAFE_INTEGER)
  const before = process.memoryUsage().arrayBuffers
  for (const index of [0, 2 ** 31, 2 ** 32 - 2]) window.put(index, frameOf(layout, index))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 << 20)
  expect(window.get(2 ** 31)?.length).toBe(2 ** 12)
  window.clear()
})

it('keeps no frame that there is no memory for', () => {
  const layout = layoutOf(3, 2 ** 44)
  const window = new FrameWindow(layout, Number.MAX_SAFE_INTEGER)
  const plaintext = Buffer.alloc(5, 'x')
  window.put(2, plaintext)
  expect(window.has(2)).toBe(false)
  expect(isZero(plaintext)).toBe(true)
})
