/** A number of 32 bits that looks like chance, and is the same for the same numbers in every run. */
export function scrambled(column: number, row: number, layer: number): number {
  const mixed = Math.imul(column * 31 + row * 1009 + layer * 9176 + 1, 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0;
}
