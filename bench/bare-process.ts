import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BareModel, BareRequest, BareTimes } from './bare.js';

/** The bare script in its own process, so that neither side of a comparison shares a heap or a thread pool. */
export class BareProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async start(model: BareModel): Promise<BareProcess> {
    const child = fork(fileURLToPath(new URL('./bare.js', import.meta.url)), [JSON.stringify(model)]);
    await once(child, 'message');
    return new BareProcess(child);
  }

  async upscale(request: BareRequest): Promise<BareTimes> {
    const ended = new AbortController();
    const exit = once(this.child, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('The bare script ended before it answered.');
    });
    exit.catch(() => undefined);
    const answer = once(this.child, 'message');
    this.child.send(request);
    const [times] = await Promise.race([answer, exit]);
    ended.abort();
    return times as BareTimes;
  }

  stop(): void {
    this.child.disconnect();
  }
}
