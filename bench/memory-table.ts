import { table } from './measure.js';
import { peakMemory } from './memory.js';
import type { Pictures } from './pictures.js';
import { Service } from './service.js';

const SIZES: readonly (readonly [number, number])[] = [
  [1224, 816],
  [2450, 1633],
  [4242, 2828],
  [6000, 4000],
];

/** Peak memory for 1, 4, 12 and 24 megapixels at ×4, each in a service of its own so that no peak hides in an earlier one. */
export async function memoryTable(pictures: Pictures): Promise<string> {
  const rows: string[][] = [];
  for (const [width, height] of SIZES) {
    const picture = await pictures.photo(width, height);
    const service = await Service.start({ MAX_UPLOAD_MB: '100' });
    let seconds = 0;
    let bytes = 0;
    const peak = await peakMemory(service, async () => {
      const answer = await service.upscale(picture.bytes, '?format=jpeg&timeout=600');
      seconds = answer.ms / 1000;
      bytes = answer.bytes;
    });
    await service.stop();
    rows.push([
      `${(picture.pixels / 1e6).toFixed(0)} MP`,
      `${((picture.pixels * 16) / 1e6).toFixed(0)} MP`,
      seconds.toFixed(1),
      (bytes / 1e6).toFixed(1),
      peak.serverRssMb.toFixed(0),
      peak.engineAnonMb.toFixed(0),
      peak.engineRssMb.toFixed(0),
    ]);
  }
  return table(
    ['input', 'output', 'seconds', 'answer MB', 'server RSS MB', 'engine anonymous MB', 'engine RSS MB'],
    rows,
  );
}
