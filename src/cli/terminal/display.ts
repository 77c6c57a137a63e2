import type { Step } from '../upscaler.js';

/** What the person at the terminal sees of the work. Goes to standard error alone. */
export interface Display {
  /** A picture is somewhere else now. */
  step(name: string, step: Step): void;
  /** A picture has ended; `sentence` stays on the screen. */
  end(name: string, sentence: string): void;
  /** Something that stays on the screen and belongs to no picture. */
  say(sentence: string): void;
  close(): void;
}

/** A name or sentence without what would steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
