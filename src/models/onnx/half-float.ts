/* IEEE 754 binary16 without `Float16Array`, which Node has from version 24 on. */

/** @returns the bits of the binary16 nearest to a number, ties to even; infinity beyond 65504. */
export function halfBits(value: number): number {
  const magnitude = Math.abs(value);
  // -14 is the exponent of the smallest normal number and of all subnormal ones.
  const exponent = Math.min(15, Math.max(-14, Math.floor(Math.log2(magnitude))));
  const steps = magnitude / 2 ** (exponent - 10);
  const below = Math.floor(steps);
  const isUp = steps - below > 0.5 || (steps - below === 0.5 && below % 2 === 1);
  // The implicit leading bit of `steps` increments the exponent's field, as does a carry.
  const bits = (exponent + 14) * 1024 + below + (isUp ? 1 : 0);
  return (value < 0 || Object.is(value, -0) ? 0x8000 : 0) | Math.min(bits, 0x7c00);
}

let decoded: Float32Array | undefined;

/** @returns the value of every binary16 by its bits: 65536 entries, built once and shared; read only. */
export function halfValues(): Float32Array {
  decoded ??= Float32Array.from({ length: 65_536 }, (_, bits) => {
    const sign = (bits & 0x8000) === 0 ? 1 : -1;
    const exponent = (bits >>> 10) & 0x1f;
    const mantissa = bits & 0x3ff;
    if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * mantissa * 2 ** -24;
    return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
  });
  return decoded;
}
