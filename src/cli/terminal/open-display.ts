import type { WriteStream } from 'node:tty';
import type { Step } from '../upscaler.js';
import { type Display, printable } from './display.js';
import { ProgressBars } from './progress-bars.js';
import { stepInWords } from './sentences.js';

/** Pause between two plain lines on one picture, so that progress does not flood a log. */
const PLAIN_INTERVAL_MS = 10_000;

/**
 * Opens a display: bars on a terminal, plain lines elsewhere.
 * @param stream standard error.
 * @param quiet true: prints only the sentences of `say`.
 */
export function openDisplay(
  stream: WriteStream,
  environment: Readonly<Record<string, string | undefined>>,
  quiet: boolean,
): Display {
  if (quiet) return new QuietDisplay(stream);
  const dumb = environment.TERM === 'dumb' || environment.TERM === undefined;
  return stream.isTTY && !dumb ? new ProgressBars(stream, knowsUnicode(environment)) : new PlainLines(stream);
}

/** As in the C library, the first of these variables that is set counts. */
function knowsUnicode(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  return /utf-?8/i.test(locale);
}

class PlainLines implements Display {
  readonly #toldAtMs = new Map<string, number>();

  constructor(private readonly stream: NodeJS.WritableStream) {}

  step(name: string, step: Step): void {
    const now = performance.now();
    const last = this.#toldAtMs.get(name);
    if (last === undefined) this.#toldAtMs.set(name, now);
    else if (now - last >= PLAIN_INTERVAL_MS) {
      this.#toldAtMs.set(name, now);
      this.say(`${name}: ${stepInWords(step)}`);
    }
  }

  end(name: string, sentence: string): void {
    this.#toldAtMs.delete(name);
    this.say(sentence);
  }

  say(sentence: string): void {
    this.stream.write(`${sentence.split('\n').map(printable).join('\n')}\n`);
  }

  close(): void {}
}

class QuietDisplay extends PlainLines {
  override step(): void {}
  override end(): void {}
}
