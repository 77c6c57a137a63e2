import type { WriteStream } from 'node:tty';
import type { Step } from '../upscaler.js';
import { type Display, printable } from './display.js';
import { fractionOf, stepInWords } from './sentences.js';

const BAR_CELLS = 20;
const NAME_CELLS = 28;
/** Room for percent and words; a narrower terminal shows no bar. */
const WORD_CELLS = 31;
const REDRAW_MS = 100;
const DEFAULT_COLUMNS = 80;
/** Escape sequences of ECMA-48: erase from the cursor to the end of the screen; cursor up. */
const ERASE_BELOW = '\x1b[J';
const cursorUp = (lines: number) => (lines === 0 ? '' : `\x1b[${lines}A`);
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/** One bar for each picture at work, redrawn in place below the sentences of the ended ones. */
export class ProgressBars implements Display {
  readonly #steps = new Map<string, Step>();
  readonly #glyphs: { full: string; empty: string; more: string };
  #drawnLines = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param unicode true: the terminal's locale has more characters than ASCII. */
  constructor(
    private readonly stream: WriteStream,
    unicode: boolean,
  ) {
    this.#glyphs = unicode ? { full: '█', empty: '░', more: '…' } : { full: '#', empty: '.', more: '~' };
    this.stream.write(HIDE_CURSOR);
  }

  step(name: string, step: Step): void {
    this.#steps.set(name, step);
    this.#timer ??= setTimeout(() => this.#draw(), REDRAW_MS);
  }

  end(name: string, sentence: string): void {
    this.#steps.delete(name);
    this.say(sentence);
  }

  say(sentence: string): void {
    const lines = sentence.split('\n').map(printable).join('\n');
    this.#erase();
    this.stream.write(`${lines}\n`);
    this.#draw();
  }

  close(): void {
    this.#erase();
    this.stream.write(SHOW_CURSOR);
  }

  #erase(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.stream.write(`\r${cursorUp(this.#drawnLines)}${ERASE_BELOW}`);
    this.#drawnLines = 0;
  }

  #draw(): void {
    this.#erase();
    const columns = this.stream.columns || DEFAULT_COLUMNS;
    const lines = [...this.#steps].map(([name, step]) => this.#line(name, step, columns - 1));
    if (lines.length > 0) this.stream.write(`${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  /** A line that is not longer than the terminal is wide: a wrapped line could not be erased. */
  #line(name: string, step: Step, columns: number): string {
    const narrow = columns < NAME_CELLS + BAR_CELLS + WORD_CELLS;
    const nameCells = narrow ? Math.max(8, columns - WORD_CELLS) : NAME_CELLS;
    const fraction = fractionOf(step);
    const percent = fraction === undefined ? '' : `${Math.floor(fraction * 100)} %`;
    const title = this.#shortened(name, nameCells).padEnd(nameCells);
    const bar = narrow ? '' : `  ${this.#bar(fraction ?? 0)}`;
    return printable(`${title}${bar} ${percent.padStart(5)}  ${stepInWords(step)}`).slice(0, columns);
  }

  #bar(fraction: number): string {
    const cells = Math.round(fraction * BAR_CELLS);
    return this.#glyphs.full.repeat(cells) + this.#glyphs.empty.repeat(BAR_CELLS - cells);
  }

  /** Keeps the end, where names differ. */
  #shortened(text: string, cells: number): string {
    const characters = [...text];
    if (characters.length <= cells) return text;
    return this.#glyphs.more + characters.slice(characters.length - cells + 1).join('');
  }
}
