import type { ChildProcess } from 'node:child_process';
import { TesseraError } from '../../domain/errors.js';
import type { ImageHeader } from '../../domain/types.js';
import { processFields } from '../../host/processes.js';
import { unusual } from '../../pipeline/refusals.js';
import type { FromHeaderProcess, HeaderRequest } from './protocol.js';

/** Limit of a process's error output that is kept for the log. */
const MAX_ERROR_TEXT = 2000;
/** Ticks per second of processor times in /proc: 100 on every Linux that Node runs on (USER_HZ, times(2)). */
const TICKS_PER_SECOND = 100;
/**
 * Share of a header's time limit that the process must have had a processor. With less, it was kept from working and
 * the image is not to blame.
 */
const WORKED_SHARE = 0.1;

/** Callbacks of a header process to its pool. */
interface HeaderProcessListener {
  /** The process can take a request: it has started, or answered the last one. */
  onIdle(): void;
  /**
   * Called once, whether the process ever started or not.
   * @param errorText the last of its error output.
   */
  onGone(wasReady: boolean, errorText: string): void;
}

/** The system killed the process for reasons of its own. Another process may read the same image. */
export class HeaderProcessTaken extends Error {
  override readonly name = 'HeaderProcessTaken';
}

interface Reading {
  resolve(header: ImageHeader): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

/** The server's handle on one header process. */
export class HeaderProcess {
  idle = false;
  #reading: Reading | undefined;
  #wasReady = false;
  #gone = false;
  #errorText = '';

  constructor(
    private readonly child: ChildProcess,
    private readonly deadlineMs: number,
    private readonly listener: HeaderProcessListener,
  ) {
    child.on('message', (message: FromHeaderProcess) => this.#receive(message));
    // There is no 'exit' when the program cannot be spawned. 'error' also comes when a message cannot be sent.
    child.on('error', (error) => {
      if (child.pid === undefined) this.#ended(null, null, error.message);
    });
    child.on('exit', (code, signal) => this.#ended(code, signal, this.#errorText));
    child.stderr?.on('data', (piece: Buffer) => {
      this.#errorText = (this.#errorText + piece.toString('utf8')).slice(-MAX_ERROR_TEXT);
    });
  }

  /**
   * Reads one header. Only while the process is idle.
   * @throws TesseraError: the errors of `readHeader`; unsupported_image when the image kills the process or takes
   * longer than the deadline; engine_unavailable when the machine was too busy to let the process work.
   * HeaderProcessTaken.
   */
  read(request: HeaderRequest): Promise<ImageHeader> {
    this.idle = false;
    const busyBeforeMs = this.#processorMs();
    return new Promise((resolve, reject) => {
      // If this process was held up, an answer may have arrived that is read only after the timers.
      const timer = setTimeout(
        () => setImmediate(() => setImmediate(() => this.#giveUp(reading, busyBeforeMs))),
        this.deadlineMs,
      );
      const reading = { resolve, reject, timer };
      this.#reading = reading;
      this.child.send(request, () => {});
    });
  }

  kill(): void {
    this.idle = false;
    this.child.kill('SIGKILL');
  }

  #receive(message: FromHeaderProcess): void {
    if (message.type === 'ready') this.#wasReady = true;
    else if (message.type === 'header') this.#settle()?.resolve(message.header);
    else this.#settle()?.reject(TesseraError.fromMessage(message.error));
    // Messages from before the kill may still arrive.
    if (this.child.killed) return;
    this.idle = true;
    this.listener.onIdle();
  }

  #giveUp(reading: Reading, busyBeforeMs: number): void {
    if (this.#reading !== reading) return;
    // Where the system does not tell, Infinity - Infinity is NaN, which is not less.
    const starved = this.#processorMs() - busyBeforeMs < this.deadlineMs * WORKED_SHARE;
    this.#settle()?.reject(starved ? tooBusy() : tooSlow(this.deadlineMs));
    this.kill();
  }

  #settle(): Reading | undefined {
    const reading = this.#reading;
    this.#reading = undefined;
    clearTimeout(reading?.timer);
    return reading;
  }

  #ended(code: number | null, signal: NodeJS.Signals | null, errorText: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.idle = false;
    const how = signal ?? `exit code ${code}`;
    this.#settle()?.reject(
      signal === 'SIGKILL' ? new HeaderProcessTaken(how) : diedOfIt(`${how}: ${errorText}`),
    );
    this.listener.onGone(this.#wasReady, errorText);
  }

  /**
   * Processor time that the process has used (proc(5): utime and stime of `/proc/<pid>/stat`); Infinity where the
   * system does not tell.
   */
  #processorMs(): number {
    const { 11: utime = Infinity, 12: stime = Infinity } = processFields(this.child.pid);
    return ((Number(utime) + Number(stime)) * 1000) / TICKS_PER_SECOND;
  }
}

function tooSlow(deadlineMs: number): TesseraError {
  const seconds = deadlineMs / 1000;
  return unusual(
    `Reading the header of this image took longer than ${seconds} s, which it does of no usual image.`,
  );
}

function diedOfIt(internal: string): TesseraError {
  const sentence =
    'Reading the header of this image failed, or took more memory than it does of any usual image.';
  return unusual(sentence, internal);
}

function tooBusy(): TesseraError {
  const message = 'The service is too busy to read the header of this image; try again in a moment.';
  return new TesseraError('engine_unavailable', message, { details: { retryAfterSeconds: 5 } });
}
