import type { WriteStream } from 'node:tty';
import { type Display, printable } from './display.js';
import { fractionOf, stepInWords } from './sentences.js';
import type { Step } from './upscaler.js';

const BAR_CELLS = 20;
const NAME_CELLS = 28;
/** Often enough to look alive, seldom enough to cost nothing. */
const REDRAW_MS = 100;
const USUAL_COLUMNS = 80;
/** Escape sequences of ECMA-48: erase from the cursor to the end of the screen; cursor up. */
const ERASE_BELOW = '\x1b[J';
const cursorUp = (lines: number) => (lines === 0 ? '' : `\x1b[${lines}A`);
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/** A bar for each picture at work, redrawn in place; what has ended stays above. */
export class ProgressBars implements Display {
  readonly #steps = new Map<string, Step>();
  readonly #glyphs: { full: string; empty: string; more: string };
  #drawnLines = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param unicode whether the terminal's locale can show more than ASCII. */
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
    const columns = this.stream.columns || USUAL_COLUMNS;
    const lines = [...this.#steps].map(([name, step]) => this.#line(name, step, columns - 1));
    if (lines.length > 0) this.stream.write(`${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  /** Never longer than the terminal is wide: a line that wraps could not be erased. */
  #line(name: string, step: Step, columns: number): string {
    const fraction = fractionOf(step);
    const { full, empty } = this.#glyphs;
    const cells = Math.round((fraction ?? 0) * BAR_CELLS);
    const bar = full.repeat(cells) + empty.repeat(BAR_CELLS - cells);
    const percent = fraction === undefined ? '' : `${Math.floor(fraction * 100)} %`;
    const words = `${percent.padStart(5)}  ${stepInWords(step)}`;
    const narrow = columns < NAME_CELLS + BAR_CELLS + 30;
    const nameCells = Math.max(
      8,
      Math.min(NAME_CELLS, columns - words.length - 2 - (narrow ? 0 : BAR_CELLS + 2)),
    );
    const title = this.#shortened(printable(name), nameCells).padEnd(nameCells);
    return `${title}  ${narrow ? '' : `${bar} `}${words}`.slice(0, columns);
  }

  /** Keeps the end, where names differ. */
  #shortened(text: string, cells: number): string {
    const characters = [...text];
    if (characters.length <= cells) return text;
    return this.#glyphs.more + characters.slice(characters.length - cells + 1).join('');
  }
}
