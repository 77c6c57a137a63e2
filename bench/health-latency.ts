import { quantile, table } from './measure.js';
import type { Picture } from './pictures.js';
import type { Service } from './service.js';

/** `/health/live` asked one after another, without a pause between, while four upscales run. */
export async function healthLatency(service: Service, picture: Picture): Promise<string> {
  const probe = async (until: Promise<unknown>): Promise<number[]> => {
    const latencies: number[] = [];
    let running = true;
    const end = until.finally(() => {
      running = false;
    });
    while (running) {
      const start = performance.now();
      await (await fetch(`${service.url}/health/live`)).arrayBuffer();
      latencies.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await end;
    return latencies;
  };
  const idle = await probe(new Promise((resolve) => setTimeout(resolve, 2000)));
  const loaded = await probe(
    Promise.all(Array.from({ length: 4 }, () => service.upscale(picture.bytes, '?timeout=600'))),
  );
  const row = (label: string, values: readonly number[]) => [
    label,
    String(values.length),
    quantile(values, 0.5).toFixed(2),
    quantile(values, 0.99).toFixed(2),
    Math.max(...values).toFixed(2),
  ];
  return table(
    ['state', 'requests', 'p50 ms', 'p99 ms', 'max ms'],
    [row('idle', idle), row(`four upscales of ${picture.label}`, loaded)],
  );
}
