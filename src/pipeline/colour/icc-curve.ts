import type { Curve } from './transform.js';

/** Number of parameters of the five functions (ICC.1:2022, 10.18). */
const PARAMETERS = [1, 3, 4, 5, 7] as const;

/**
 * The curve in a tag, from a value to light.
 * @param tag of the type `curv` (ICC.1:2022, 10.6) or `para` (10.18).
 * @returns undefined for a damaged tag or another type.
 */
export function curveOf(tag: Buffer | undefined): Curve | undefined {
  if (tag === undefined || tag.length < 12) return undefined;
  const type = tag.toString('latin1', 0, 4);
  if (type === 'curv') return sampled(tag);
  return type === 'para' ? parametric(tag) : undefined;
}

/** Without entries it is the identity, with one a power, with several samples joined by straight lines. */
function sampled(tag: Buffer): Curve | undefined {
  const count = tag.readUInt32BE(8);
  if (count === 0) return (value) => value;
  if (12 + count * 2 > tag.length) return undefined;
  if (count === 1) {
    const power = tag.readUInt16BE(12) / 256;
    return (value) => value ** power;
  }
  const entry = (index: number) => tag.readUInt16BE(12 + Math.min(index, count - 1) * 2) / 65_535;
  return (value) => {
    const place = value * (count - 1);
    const below = Math.floor(place);
    return entry(below) + (entry(below + 1) - entry(below)) * (place - below);
  };
}

function parametric(tag: Buffer): Curve | undefined {
  const needed = PARAMETERS[tag.readUInt16BE(8)];
  if (needed === undefined || 12 + needed * 4 > tag.length) return undefined;
  const at = (index: number) => (index < needed ? tag.readInt32BE(12 + index * 4) / 65_536 : undefined);
  const [power = 1, a = 1, b = 0] = [at(0), at(1), at(2)];
  switch (needed) {
    case 1:
      return (value) => value ** power;
    case 3:
      return (value) => (value >= -b / a ? (a * value + b) ** power : 0);
    case 4: {
      const c = at(3) ?? 0;
      return (value) => (value >= -b / a ? (a * value + b) ** power + c : c);
    }
    default: {
      const [c = 0, d = 0, e = 0, f = 0] = [at(3), at(4), at(5), at(6)];
      return (value) => (value >= d ? (a * value + b) ** power + e : c * value + f);
    }
  }
}
