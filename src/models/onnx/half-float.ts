/** IEEE 754 binary16 without `Float16Array`, which Node has from version 24 on. */
const scratch = new DataView(new ArrayBuffer(4));

/** @returns the bits of the binary16 nearest to `value`, ties to even; infinity beyond 65504. */
export function halfBits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  // The exponent's bias is 127 in binary32 and 15 in binary16; below 113 the half is subnormal.
  const shift = exponent >= 113 ? 13 : 126 - exponent;
  if (shift > 24) return sign;
  const significand = exponent === 0 ? mantissa : mantissa | 0x800000;
  let rounded = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  if (rest > half || (rest === half && (rounded & 1) === 1)) rounded += 1;
  // A carry out of the significand falls into the exponent, where it belongs.
  const result = exponent >= 113 ? ((exponent - 113) << 10) + rounded : rounded;
  return sign | Math.min(result, 0x7c00);
}

let decoded: Float32Array | undefined;

/** @returns the value of every binary16 by its bits: 65536 entries, built once and shared; read only. */
export function halfValues(): Float32Array {
  if (decoded !== undefined) return decoded;
  decoded = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const sign = (bits & 0x8000) === 0 ? 1 : -1;
    const exponent = (bits >>> 10) & 0x1f;
    const mantissa = bits & 0x3ff;
    if (exponent === 0x1f) decoded[bits] = mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) decoded[bits] = sign * mantissa * 2 ** -24;
    else decoded[bits] = sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
  }
  return decoded;
}
