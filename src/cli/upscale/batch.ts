import { RETRY, type Retry } from '../../domain/errors.js';
import type { OutputFormat, UpscalePlan } from '../../domain/types.js';
import { secondsInWords } from '../../web/assets/client/words.js';
import { type Delivery, existingResult } from '../files/delivery.js';
import { type LeftOut, leftOutInWords } from '../files/left-out.js';
import type { Picture, Source } from '../picture.js';
import type { Display } from '../terminal/display.js';
import { readableError } from '../terminal/file-error.js';
import { planInWords, resultInWords } from '../terminal/sentences.js';
import type { ResultFacts, UpscaleHooks, Upscaler } from '../upscaler.js';

export interface BatchOptions {
  /** Pictures at work at the same time. */
  readonly jobs: number;
  readonly dryRun: boolean;
  readonly quiet: boolean;
  /** Set: pictures are left out whose result with this scale and format is there. */
  readonly skip: { readonly scale: number | undefined; readonly format: OutputFormat | 'auto' } | undefined;
  /** Called at the end of every picture. */
  onRecord(record: PictureRecord): void;
}

/** The end of one picture, as `--json` tells it. `output` is a path, or null for standard output. */
export type PictureRecord =
  | ({ input: string; status: 'done'; output: string | null } & ResultFacts)
  | { input: string; status: 'skipped'; output: string }
  | { input: string; status: 'left_out'; reason: string }
  | { input: string; status: 'planned'; plan: UpscalePlan }
  | { input: string; status: 'failed'; error: { code: string; retry: Retry; message: string } };

/** All pictures of one call, so many at a time. One that fails does not stop the others; an interruption stops all. */
export class Batch {
  readonly #count = { done: 0, planned: 0, skipped: 0, failed: 0 };

  constructor(
    private readonly upscaler: Upscaler,
    private readonly delivery: Delivery,
    private readonly display: Display,
    private readonly signal: AbortSignal,
    private readonly options: BatchOptions,
  ) {}

  /** Tells of files that were found and are not enlarged. */
  leaveOut(files: readonly LeftOut[]): void {
    for (const sentence of leftOutInWords(files)) this.#tell(sentence);
    for (const { path, reason, isPicture } of files)
      if (isPicture) this.options.onRecord({ input: path, status: 'left_out', reason });
  }

  /** @returns how many failed. */
  async run(pictures: readonly Picture[], sourceOf: (picture: Picture) => Source): Promise<number> {
    const startedAtMs = performance.now();
    const queue = pictures.values();
    const worker = async () => {
      // The iterator is shared: each picture goes to one worker.
      for (const picture of queue) {
        if (this.signal.aborted) return;
        await this.#one(picture, sourceOf(picture));
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.options.jobs, pictures.length) }, worker));
    // One picture has said all in its own line.
    if (pictures.length === 1) return this.#count.failed;
    if (this.signal.aborted) this.#interrupted(pictures.length);
    else this.#sum(performance.now() - startedAtMs);
    return this.#count.failed;
  }

  async #one(picture: Picture, source: Source): Promise<void> {
    const { name } = picture;
    try {
      const record = await this.#process(picture, source);
      this.#count[record.status] += 1;
      this.options.onRecord(record);
    } catch (thrown) {
      // The interruption is told once, by the exit code, and not for every picture.
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

  async #process(
    picture: Picture,
    source: Source,
  ): Promise<Exclude<PictureRecord, { status: 'failed' | 'left_out' }>> {
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
      const plan = await this.upscaler.plan(source, hooks);
      this.display.end(name, `${name}: ${planInWords(plan)}`);
      return { input: name, status: 'planned', plan };
    }
    const finished = await this.upscaler.upscale(source, hooks);
    try {
      hooks.onStep({ kind: 'saving' });
      const output = (await this.delivery.deliver(finished, target, this.signal)) ?? null;
      this.display.end(
        name,
        `${name}${output === null ? '' : ` -> ${output}`}: ${resultInWords(finished.facts)}`,
      );
      return { input: name, status: 'done', output, ...factsOf(finished.facts) };
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

  /** "2 done", "1 failed": what has happened at all. */
  #counts(kinds: readonly Exclude<PictureRecord['status'], 'left_out'>[]): string[] {
    return kinds.filter((kind) => this.#count[kind] > 0).map((kind) => `${this.#count[kind]} ${kind}`);
  }

  #tell(sentence: string): void {
    if (!this.options.quiet) this.display.say(sentence);
  }
}

/** Named one by one: what else an engine tells of a result is not for this output. */
function factsOf(facts: ResultFacts): ResultFacts {
  const {
    width,
    height,
    format,
    bytes,
    scale,
    model,
    provider,
    tiles,
    fallback,
    attempts,
    milliseconds,
    droppedPages = 0,
    notKept,
  } = facts;
  return {
    ...{ width, height, format, bytes, scale, model },
    ...(provider === undefined ? {} : { provider }),
    ...{ tiles, fallback, attempts, milliseconds },
    ...(droppedPages === 0 ? {} : { droppedPages }),
    ...(notKept === undefined ? {} : { notKept }),
  };
}
