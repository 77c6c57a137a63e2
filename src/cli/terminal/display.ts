import type { Step } from '../upscaler.js';

/** Shows the work on standard error. */
export interface Display {
  step(name: string, step: Step): void;
  /** Ends a picture; `sentence` stays on the screen. */
  end(name: string, sentence: string): void;
  /** Prints a sentence that belongs to no picture. */
  say(sentence: string): void;
  close(): void;
}

/** A text for one line: without characters that steer the terminal, and with plain spaces. */
export function printable(text: string): string {
  return text.replaceAll('\u00a0', ' ').replace(/\p{C}/gu, '?');
}
