import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LanczosRows } from '../../src/pipeline/raster/lanczos.js';
import { MemoryRows } from '../../src/pipeline/raster/row-sink.js';

type Samples = Uint8Array | Uint16Array;

async function enlarged(
  data: Samples,
  from: { width: number; height: number },
  to: { width: number; height: number },
  rowsAtOnce = 3,
): Promise<Samples> {
  const sixteenBit = data instanceof Uint16Array;
  const into = new MemoryRows(to.width, to.height, sixteenBit);
  const rows = new LanczosRows(from, to, sixteenBit, into);
  const stride = from.width * 3;
  for (let row = 0; row < from.height; row += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, from.height - row);
    rows.window(count).set(data.subarray(row * stride, (row + count) * stride));
    await rows.finish(count);
  }
  return into.data;
}

/** The same by the definition: every input pixel within three counts, edges repeated. */
function byDefinition(
  data: Samples,
  from: { width: number; height: number },
  to: { width: number; height: number },
  x: number,
  y: number,
  channel: number,
): number {
  const sinc = (value: number) => (value === 0 ? 1 : Math.sin(Math.PI * value) / (Math.PI * value));
  const weight = (distance: number) => (Math.abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0);
  const centreX = ((x + 0.5) * from.width) / to.width - 0.5;
  const centreY = ((y + 0.5) * from.height) / to.height - 0.5;
  let sum = 0;
  let total = 0;
  for (let row = Math.floor(centreY) - 3; row <= centreY + 4; row += 1)
    for (let column = Math.floor(centreX) - 3; column <= centreX + 4; column += 1) {
      const share = weight(centreX - column) * weight(centreY - row);
      const sourceX = Math.min(Math.max(column, 0), from.width - 1);
      const sourceY = Math.min(Math.max(row, 0), from.height - 1);
      sum += share * (data[(sourceY * from.width + sourceX) * 3 + channel] ?? 0);
      total += share;
    }
  return sum / total;
}

describe('LanczosRows', () => {
  it('computes the kernel as it is defined, for any sizes, however the rows arrive', async () => {
    const side = fc.integer({ min: 1, max: 14 });
    await fc.assert(
      fc.asyncProperty(
        side,
        side,
        fc.double({ min: 1, max: 8, noNaN: true }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (width, height, scale, rowsAtOnce, sixteenBit) => {
          const from = { width, height };
          const to = { width: Math.round(width * scale), height: Math.round(height * scale) };
          const values = Array.from(
            { length: width * height * 3 },
            (_, at) => (at * 7919) % (sixteenBit ? 65_536 : 256),
          );
          const data = sixteenBit ? Uint16Array.from(values) : Uint8Array.from(values);
          const result = await enlarged(data, from, to, rowsAtOnce);
          const most = sixteenBit ? 65_535 : 255;
          for (let at = 0; at < result.length; at += 1) {
            const pixel = Math.floor(at / 3);
            const value = byDefinition(
              data,
              from,
              to,
              pixel % to.width,
              Math.floor(pixel / to.width),
              at % 3,
            );
            const expected = Math.min(most, Math.max(0, value));
            assert.ok(
              Math.abs((result[at] ?? -1) - expected) <= (sixteenBit ? 0.55 : 0.501),
              `${result[at]} for ${expected}`,
            );
          }
        },
      ),
      { numRuns: 120 },
    );
  });

  it('keeps one colour one colour, and an image of the same size the same', async () => {
    const flat = await enlarged(
      new Uint8Array(30 * 20 * 3).fill(77),
      { width: 30, height: 20 },
      { width: 71, height: 50 },
    );
    assert.ok(flat.every((value) => value === 77));
    const data = Uint8Array.from({ length: 12 * 9 * 3 }, (_, at) => (at * 31) % 256);
    assert.deepEqual(await enlarged(data, { width: 12, height: 9 }, { width: 12, height: 9 }), data);
  });
});
