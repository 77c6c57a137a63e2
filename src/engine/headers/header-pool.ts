import type { ChildProcess } from 'node:child_process';
import { TesseraError } from '../../domain/errors.js';
import type { ImageHeader, Log } from '../../domain/types.js';
import { Changes } from '../../host/changes.js';
import type { PipelineLimits } from '../../pipeline/limits.js';
import { Backoff } from '../supervisor/backoff.js';
import { HeaderProcess, HeaderProcessTaken } from './header-process.js';

/** Reads image headers in separate processes, so that no picture can harm the server. */
export interface HeaderReader {
  /**
   * @throws TesseraError: the errors of `readHeader`; unsupported_image for a header that takes too much time or
   * memory; engine_unavailable.
   */
  read(path: string): Promise<ImageHeader>;
  /** `starting` until the first process is ready; `down` when processes do not start any more. */
  readonly state: 'starting' | 'ready' | 'down';
}

export interface HeaderPoolOptions {
  readonly processes: number;
  readonly limits: PipelineLimits;
  /** Time limit for one header. */
  readonly deadlineMs: number;
  /**
   * Starts a process.
   * @throws the system's error.
   */
  readonly launch: () => ChildProcess;
  readonly log: Log;
}

/** Delay of the further processes. By then a service has loaded its model. */
const OTHERS_AFTER_MS = 5000;
/** Time limit of the wait for a free process. */
const MAX_WAIT_MS = 10_000;
/** Failed starts in a row after which headers count as unreadable. Tries go on after that. */
const FAILED_STARTS_TO_BE_DOWN = 3;

/**
 * A pool of header processes, started beforehand, each with one image at a time. A process that dies or is killed is
 * replaced at once. The first one starts at once, the others some seconds later or when an image waits for them:
 * until then engines load a model, and the first image may be in progress.
 */
export class HeaderPool implements HeaderReader {
  readonly #processes = new Set<HeaderProcess>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  readonly #changes = new Changes();
  readonly #backoff = new Backoff();
  readonly #others: NodeJS.Timeout;
  #failedStarts = 0;
  #wasReady = false;
  #closed = false;

  /** Starts the first process without waiting for it. */
  constructor(private readonly options: HeaderPoolOptions) {
    this.#start();
    this.#others = setTimeout(() => this.#startOthers(), OTHERS_AFTER_MS).unref();
  }

  get state(): HeaderReader['state'] {
    if (this.#failedStarts >= FAILED_STARTS_TO_BE_DOWN) return 'down';
    return this.#wasReady ? 'ready' : 'starting';
  }

  async read(path: string): Promise<ImageHeader> {
    try {
      return await this.#readOnce(path);
    } catch (thrown) {
      if (!(thrown instanceof HeaderProcessTaken)) throw thrown;
    }
    try {
      return await this.#readOnce(path);
    } catch (thrown) {
      throw thrown instanceof HeaderProcessTaken ? unavailable(thrown.message) : thrown;
    }
  }

  /** Ends the processes. Reads in progress fail. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#others);
    for (const timer of this.#restarts) clearTimeout(timer);
    for (const process of this.#processes) process.kill();
    this.#changes.announce();
    await this.#changes.until(() => this.#processes.size === 0);
  }

  /**
   * Reads a header in the first idle process.
   * @throws TesseraError engine_unavailable; the errors of `HeaderProcess.read`.
   */
  async #readOnce(path: string): Promise<ImageHeader> {
    const untilMs = performance.now() + MAX_WAIT_MS;
    for (;;) {
      if (this.#closed) throw unavailable('the pool is closed');
      // Found and taken in one step, because other readers wait for the same process.
      const idle = this.#idleProcess();
      if (idle !== undefined) return idle.read({ path, limits: this.options.limits });
      this.#startOthers();
      if (this.state === 'down') throw unavailable('header processes do not start');
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw unavailable('no header process was free in time');
      const worthALook = () => this.#closed || this.state === 'down' || this.#idleProcess() !== undefined;
      await this.#changes.until(worthALook, leftMs);
    }
  }

  #idleProcess(): HeaderProcess | undefined {
    return [...this.#processes].find((process) => process.idle);
  }

  #startOthers(): void {
    while (this.#processes.size + this.#restarts.size < this.options.processes) this.#start();
  }

  #start(): void {
    try {
      const process = new HeaderProcess(this.options.launch(), this.options.deadlineMs, {
        onIdle: () => {
          this.#wasReady = true;
          this.#failedStarts = 0;
          this.#backoff.reset();
          this.#changes.announce();
        },
        onGone: (wasReady, errorText) => {
          this.#processes.delete(process);
          if (!this.#closed) this.#replace(wasReady, errorText);
          this.#changes.announce();
        },
      });
      this.#processes.add(process);
    } catch (thrown) {
      // Without processes or memory, some starts throw, and others exit later.
      this.#replace(false, String(thrown));
    }
  }

  #replace(wasReady: boolean, errorText: string): void {
    if (!wasReady) this.#failedStarts++;
    this.options.log.warn(
      { errorText },
      wasReady ? 'a header process has ended' : 'a header process did not start',
    );
    const timer = setTimeout(
      () => {
        this.#restarts.delete(timer);
        this.#start();
      },
      wasReady ? 0 : this.#backoff.nextDelayMs(),
    );
    this.#restarts.add(timer);
  }
}

function unavailable(internal: string): TesseraError {
  return new TesseraError(
    'engine_unavailable',
    'Image headers cannot be read at the moment; try again later.',
    {
      details: { retryAfterSeconds: 10 },
      internal,
    },
  );
}
