import { RETRY, type Retry } from '../../domain/errors.js';
import type { OutputFormat, UpscalePlan } from '../../domain/types.js';
import { secondsInWords } from '../../web/assets/client/words.js';
import { type Delivery, existingResult } from '../files/delivery.js';
import { type LeftOut, leftOutInWords } from '../files/left-out.js';
import type { Picture } from '../picture.js';
import type { Display } from '../terminal/display.js';
import { readableError } from '../terminal/file-error.js';
import { planInWords, resultInWords } from '../terminal/sentences.js';
import type { ResultFacts, UpscaleHooks, Upscaler } from '../upscaler.js';

interface BatchOptions {
  /** Number of pictures at work at the same time. */
  readonly jobs: number;
  readonly dryRun: boolean;
  readonly quiet: boolean;
  /** Skips pictures that have a result with this scale and format; undefined skips none. */
  readonly skip: { readonly scale: number | undefined; readonly format: OutputFormat | 'auto' } | undefined;
  /** Is called at the end of every picture. */
  onRecord(record: PictureRecord): void;
}

/** The line of `--json` for one picture. `output` is a path, or null for standard output. */
type PictureRecord =
  | ({ input: string; status: 'done'; output: string | null } & ResultFacts)
  | { input: string; status: 'skipped'; output: string }
  | { input: string; status: 'left_out'; reason: string }
  | { input: string; status: 'planned'; plan: UpscalePlan }
  | { input: string; status: 'failed'; error: { code: string; retry: Retry; message: string } };

/** Enlarges the pictures of one call, several at a time. A failure does not stop the others; an interruption stops all. */
export class Batch {
  readonly #count = { done: 0, planned: 0, skipped: 0, failed: 0 };

  constructor(
    private readonly upscaler: Upscaler,
    private readonly delivery: Delivery,
    private readonly display: Display,
    private readonly signal: AbortSignal,
    private readonly options: BatchOptions,
  ) {}

  /** Reports files that were found and are not enlarged. */
  leaveOut(files: readonly LeftOut[]): void {
    for (const sentence of leftOutInWords(files)) this.#tell(sentence);
    for (const { path, reason, isPicture } of files)
      if (isPicture) this.options.onRecord({ input: path, status: 'left_out', reason });
  }

  /** @returns the number of failures. */
  async run(pictures: readonly Picture[]): Promise<number> {
    const startedAtMs = performance.now();
    const queue = pictures.values();
    const worker = async () => {
      // The iterator is shared: each picture goes to one worker.
      for (const picture of queue) {
        if (this.signal.aborted) return;
        await this.#one(picture);
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.options.jobs, pictures.length) }, worker));
    // The line of a single picture says all.
    if (pictures.length === 1) return this.#count.failed;
    if (this.signal.aborted) this.#interrupted(pictures.length);
    else this.#sum(performance.now() - startedAtMs);
    return this.#count.failed;
  }

  async #one(picture: Picture): Promise<void> {
    const { name } = picture;
    try {
      const record = await this.#process(picture);
      this.#count[record.status] += 1;
      this.options.onRecord(record);
    } catch (thrown) {
      // An interruption is no failure of the picture; the exit code reports it.
      if (this.signal.aborted) return this.display.end(name, `${name}: interrupted`);
      const { code, message } = readableError(thrown, name);
      const retry = RETRY[code];
      const sentence = retry === 'as_is' ? `${message} Trying again may help.` : message;
      this.#count.failed += 1;
      this.display.end(name, `${name}: failed: ${sentence}`);
      if (this.options.quiet) this.display.say(`${name}: ${sentence}`);
      this.options.onRecord({ input: name, status: 'failed', error: { code, retry, message } });
    }
  }

  async #process(picture: Picture): Promise<Exclude<PictureRecord, { status: 'failed' | 'left_out' }>> {
    const { name, target } = picture;
    const hooks: UpscaleHooks = { signal: this.signal, onStep: (step) => this.display.step(name, step) };
    if (this.options.skip !== undefined) {
      const output = await existingResult(target, this.options.skip);
      if (output !== undefined) {
        this.display.end(name, `${name}: skipped, ${output} is there`);
        return { input: name, status: 'skipped', output };
      }
    }
    if (this.options.dryRun) {
      const plan = await this.upscaler.plan(picture, hooks);
      this.display.end(name, `${name}: ${planInWords(plan)}`);
      return { input: name, status: 'planned', plan };
    }
    const finished = await this.upscaler.upscale(picture, hooks);
    try {
      hooks.onStep({ kind: 'saving' });
      const output = (await this.delivery.deliver(finished, target, this.signal)) ?? null;
      this.display.end(
        name,
        `${name}${output === null ? '' : ` -> ${output}`}: ${resultInWords(finished.facts)}`,
      );
      const { droppedPages, ...facts } = finished.facts;
      return { input: name, status: 'done', output, ...facts, ...(droppedPages ? { droppedPages } : {}) };
    } finally {
      await finished.dispose();
    }
  }

  #sum(ms: number): void {
    const counts = this.#counts(['done', 'planned', 'skipped', 'failed']);
    this.#tell(`${counts.join(', ') || 'No pictures found'} in ${secondsInWords(ms / 1000)}`);
  }

  #interrupted(all: number): void {
    const aim = this.options.dryRun ? 'planned' : 'done';
    const others = this.#counts(['skipped', 'failed']);
    this.#tell(`Interrupted; ${[`${this.#count[aim]} of ${all} ${aim}`, ...others].join(', ')}.`);
  }

  /** "2 done", "1 failed": the counts that are not 0. */
  #counts(kinds: readonly Exclude<PictureRecord['status'], 'left_out'>[]): string[] {
    return kinds.filter((kind) => this.#count[kind] > 0).map((kind) => `${this.#count[kind]} ${kind}`);
  }

  #tell(sentence: string): void {
    if (!this.options.quiet) this.display.say(sentence);
  }
}
