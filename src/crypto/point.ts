import type { EcdhCurveName } from './backend.ts'

/** Bytes of a compressed point: a sign and one coordinate (transitive-requirements.md, "ECDSA"). */
export const compressedLength = { 'P-256': 33, 'P-384': 49, 'P-521': 67 } as const

/** An elliptic curve point in compressed form (SEC 1, 2.3.3): the sign of y, then x. */
export function compressPoint(x: Uint8Array, y: Uint8Array): Uint8Array {
  const point = new Uint8Array(1 + x.length)
  point[0] = (y.at(-1) ?? 0) % 2 === 0 ? 2 : 3
  point.set(x, 1)
  return point
}

/** Throws for what has not the form of a compressed point; whether it is on the curve is not checked. */
export function checkCompressed(curve: EcdhCurveName, point: Uint8Array): void {
  const [sign] = point
  if (point.length === compressedLength[curve] && (sign === 2 || sign === 3)) return
  throw new TypeError(`not a compressed point on ${curve}`)
}
