/** A rational of TIFF: exact for whole numbers, else to four decimals. */
export function asRational(value: number): readonly [numerator: number, denominator: number] {
  return Number.isInteger(value) ? [value, 1] : [Math.round(value * 10_000), 10_000];
}
