/** An elliptic curve point in compressed form (SEC 1, 2.3.3): the sign of y, then x. */
export function compressPoint(x: Uint8Array, y: Uint8Array): Uint8Array {
  const point = new Uint8Array(1 + x.length)
  point[0] = (y.at(-1) ?? 0) % 2 === 0 ? 2 : 3
  point.set(x, 1)
  return point
}
