import { median, table } from './measure.js';
import type { Picture } from './pictures.js';
import { Service } from './service.js';

/** From `node dist/server.js` to the last byte of the first image, several times over. */
export async function firstImage(picture: Picture, runs: number): Promise<string> {
  const ready: number[] = [];
  const first: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    const service = await Service.start();
    ready.push(service.readyMs);
    await service.upscale(picture.bytes);
    first.push(performance.now() - start);
    await service.stop();
  }
  return table(
    ['', 'median ms', 'worst ms'],
    [
      ['start to ready', median(ready).toFixed(0), Math.max(...ready).toFixed(0)],
      [`start to first image (${picture.label})`, median(first).toFixed(0), Math.max(...first).toFixed(0)],
    ],
  );
}
