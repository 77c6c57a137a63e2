import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linuxOnly, peakMemoryBytes } from '../processes.js';
import { realEngine } from './real-engine.js';

const MEGABYTE = 1e6;

describe('an engine at its peak', () => {
  // Measured: 430 to 445 MB, 120 MB of which an idle engine has. The decoded picture has 144 MB.
  it('does not hold a large source twice', linuxOnly, async (t) => {
    const peak = await peakOf(t, {
      width: 8000,
      height: 6000,
      scale: 1.05,
      model: 'lanczos',
      format: 'tiff',
    });
    assert.ok(peak < 530 * MEGABYTE, `${Math.round(peak / MEGABYTE)} MB`);
  });

  // Measured: 510 to 540 MB. The result has 288 MB.
  it('does not hold a large result of a network', linuxOnly, async (t) => {
    const peak = await peakOf(t, {
      width: 3000,
      height: 2000,
      scale: 4,
      model: 'tessera-mini-x4',
      format: 'jpeg',
    });
    assert.ok(peak < 680 * MEGABYTE, `${Math.round(peak / MEGABYTE)} MB`);
  });
});

interface Upscale {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly model: string;
  readonly format: 'jpeg' | 'tiff';
}

/** Most resident memory of a new engine, that enlarges one picture; bytes. */
async function peakOf(
  t: Parameters<typeof realEngine>[0],
  { width, height, ...options }: Upscale,
): Promise<number> {
  const { supervisor, task, run, pid } = await realEngine(t);
  const picture = await task(width, height, 0, options);
  await supervisor.ready();
  const engine = pid();
  await run(picture);
  const peak = peakMemoryBytes(engine);
  t.diagnostic(`${Math.round(peak / MEGABYTE)} MB`);
  return peak;
}
