import sharp from 'sharp';
import { CostModel } from '../src/cost/cost-model.js';
import type { UpscalePlan, UpscaleResult, UpscaleTask } from '../src/domain/types.js';
import type { Engine, EngineStatus, RunHooks } from '../src/engine/engine.js';

const MODEL = 'fake-x4';

/**
 * An engine without processes or networks: it enlarges with sharp, in this process, and writes a real image. Runs may be
 * held until `let go`, and made to fail.
 */
export class FakeEngine implements Engine {
  state: EngineStatus['state'] = 'ready';
  startsFail = false;
  /** Thrown by the next runs. */
  failure: Error | undefined;
  readonly costs = new CostModel();
  readonly tasks: UpscaleTask[] = [];
  readonly cancelled: string[] = [];
  private held: Promise<void> | undefined;
  private letGo: () => void = () => undefined;

  /** In what the next results differ from a plain one. */
  answer: Partial<UpscaleResult> = {};

  /** Holds every run that starts from now on, until `release` is called. */
  hold(): void {
    this.held = new Promise((resolve) => {
      this.letGo = resolve;
    });
  }

  release(): void {
    this.letGo();
    this.held = undefined;
  }

  async run(task: UpscaleTask, hooks: RunHooks): Promise<UpscaleResult> {
    this.tasks.push(task);
    if (this.failure !== undefined) throw this.failure;
    hooks.onProgress({ stage: 'infer', tilesDone: 0, tilesTotal: 2, model: MODEL, provider: 'cpu' });
    if (this.held !== undefined) await this.waitFor(this.held, hooks.signal, task.id);
    hooks.onProgress({ stage: 'infer', tilesDone: 2, tilesTotal: 2, model: MODEL, provider: 'cpu' });
    const { header, options } = task;
    const scale = options.scale ?? 4;
    const format = options.format === 'auto' ? 'jpeg' : options.format;
    const { width, height, size } = await sharp(task.sourcePath)
      .resize(Math.round(header.width * scale), Math.round(header.height * scale), { fit: 'fill' })
      .toFormat(format)
      .toFile(task.resultPath);
    return {
      width,
      height,
      format,
      bytes: size,
      scale,
      model: MODEL,
      provider: 'cpu',
      tiles: 2,
      fallback: false,
      attempts: [
        { model: 'missing-x4', outcome: 'skipped', reason: 'not_installed', ms: 0 },
        { model: MODEL, provider: 'cpu', tileSizePx: 512, outcome: 'served', ms: 12.4 },
      ],
      timings: { decodeMs: 1, inferMs: 2, blendMs: 3, encodeMs: 4, turnWaitMs: 0 },
      steps: ['network', 'resize'],
      droppedPages: header.pages - 1,
      ...this.answer,
    };
  }

  leaving(): undefined {
    return undefined;
  }

  async plan({ header, options }: Pick<UpscaleTask, 'header' | 'options'>): Promise<UpscalePlan> {
    const scale = options.scale ?? 4;
    return {
      width: Math.round(header.width * scale),
      height: Math.round(header.height * scale),
      candidates: [
        { model: 'missing-x4', skipReason: 'not_installed' },
        { model: MODEL, provider: 'cpu', tileSizePx: 512, tiles: 1, estimatedSeconds: 0.5 },
      ],
      model: MODEL,
      steps: ['network'],
      provider: 'cpu',
      tiles: 1,
      estimatedSeconds: 0.5,
      estimatedMemoryBytes: 1_000_000,
    };
  }

  status(): EngineStatus {
    return {
      state: this.state,
      engines: [{ pid: process.pid, state: 'ready', jobs: 0, rssBytes: 1 }],
      threadsPerEngine: 1,
      startsFail: this.startsFail,
      restarts: 3,
      models: [
        {
          name: MODEL,
          title: 'A model for tests',
          purpose: 'Photos, screenshots and drawings.',
          scale: 4,
          licence: 'MIT',
          family: 'tessera',
          installed: true,
          confirmed: true,
          chainPosition: 1,
          servesBits: [8, 16],
          sizeRequirements: { minimum: 1, multipleOf: 1 },
          overlapPx: 32,
          loaded: true,
          provider: 'cpu',
          microsecondsPerPixel: { cpu: 1.5 },
        },
      ],
      providers: [{ provider: 'cpu', usable: true, detail: 'always' }],
    };
  }

  modelsChanged(): void {}

  async ready(): Promise<void> {}

  async close(): Promise<void> {}

  private async waitFor(held: Promise<void>, signal: AbortSignal, id: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        this.cancelled.push(id);
        reject(signal.reason);
      };
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      held.then(resolve, reject);
    });
  }
}
