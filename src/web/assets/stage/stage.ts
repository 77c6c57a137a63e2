import type { Job } from '../client/jobs-api.js';
import { bytesInWords, KEEPABLE_WORDS, secondsInWords } from '../client/words.js';
import { byId, find, textElement } from '../element.js';
import { titleOf } from '../form/models.js';
import type { Picture } from '../pictures/picture.js';
import { attemptInWords, candidateInWords, sizeInWords } from '../words.js';
import type { Comparison } from './comparison.js';

/** The section that shows one result beside its original: the comparison, the facts, the attempts. */
export class Stage {
  readonly #section = byId('stage', HTMLElement);
  readonly #title = byId('stage-title', HTMLElement);
  readonly #download = byId('stage-download', HTMLAnchorElement);
  /** Loaded with the first result, because the first paint does not need it. */
  #comparison: Comparison | undefined;
  #picture: Picture | undefined;
  readonly #onClose: (picture: Picture) => void;

  /** @param onClose is called with the picture whose comparison was closed. */
  constructor(onClose: (picture: Picture) => void) {
    this.#onClose = onClose;
    this.#download.addEventListener('click', () => this.#picture?.noteDownload());
    byId('stage-close', HTMLButtonElement).addEventListener('click', () => this.close());
    this.#section.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && document.fullscreenElement === null) this.close();
    });
    for (const button of this.#section.querySelectorAll<HTMLElement>('[data-zoom]'))
      button.addEventListener('click', () => this.#zoom(button.dataset.zoom));
    find(this.#section, '[data-zoom=screen]', HTMLButtonElement).hidden = !document.fullscreenEnabled;
  }

  /** The picture that is shown. */
  get picture(): Picture | undefined {
    return this.#picture;
  }

  /** @param how.focus moves the focus here, because the reader asked for the comparison. */
  async open(picture: Picture, how: { readonly focus: boolean }): Promise<void> {
    const { finished: job, result, file } = picture;
    if (job?.result === undefined || result === undefined) return;
    this.#picture = picture;
    this.#title.textContent = picture.name;
    this.#section.hidden = false;
    this.#showFacts(job, job.result);
    const link = this.#download;
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(result);
    link.download = job.result.fileName;
    link.textContent = `Download ${job.result.format.toUpperCase()}, ${bytesInWords(job.result.bytes)}`;
    link.hidden = false;
    if (how.focus) {
      this.#section.scrollIntoView({ block: 'start' });
      this.#title.focus({ preventScroll: true });
    }
    const comparison = await this.#loaded();
    if (this.#picture === picture) await comparison.show(file, result, job.result);
  }

  close(): void {
    const picture = this.#picture;
    if (picture === undefined) return;
    if (document.fullscreenElement !== null) document.exitFullscreen();
    this.#picture = undefined;
    this.#section.hidden = true;
    this.#comparison?.clear();
    URL.revokeObjectURL(this.#download.href);
    this.#onClose(picture);
  }

  async #loaded(): Promise<Comparison> {
    const { Comparison } = await import('./comparison.js');
    if (this.#comparison === undefined) {
      const comparison = new Comparison(byId('stage-view', HTMLElement));
      comparison.addEventListener('view', () => this.#showZoom(comparison));
      this.#comparison = comparison;
    }
    return this.#comparison;
  }

  #zoom(kind: string | undefined): void {
    if (kind === 'in') this.#comparison?.step(1);
    else if (kind === 'out') this.#comparison?.step(-1);
    else if (kind === 'fit') this.#comparison?.fit();
    else if (kind === 'actual') this.#comparison?.actual();
    else if (document.fullscreenElement === null) this.#section.requestFullscreen();
    else document.exitFullscreen();
  }

  #showZoom({ percent, fits }: Comparison): void {
    const words = percent < 10 ? percent.toFixed(1) : Math.round(percent);
    byId('zoom-level', HTMLOutputElement).textContent = `${words} %`;
    const press = (kind: string, on: boolean) =>
      find(this.#section, `[data-zoom=${kind}]`, HTMLButtonElement).setAttribute('aria-pressed', String(on));
    press('fit', fits);
    press('actual', Math.abs(percent - 100) < 0.5);
  }

  #showFacts({ source, attempts }: Job, result: NonNullable<Job['result']>): void {
    const { milliseconds, tiles, fallback, model, provider, droppedPages, notKept } = result;
    const picture = (each: typeof source | typeof result) =>
      [sizeInWords(each), each.format.toUpperCase(), bytesInWords(each.bytes)].join(' · ');
    const time = secondsInWords(milliseconds / 1000);
    const facts: [name: string, value: string][] = [
      ['Before', picture(source)],
      ['After', picture(result)],
      ['Time', `${time}, ${tiles} ${tiles === 1 ? 'tile' : 'tiles'}`],
      [fallback ? 'Served by a fallback' : 'Served by', candidateInWords(titleOf(model), provider)],
    ];
    if (droppedPages !== undefined) facts.push(['Shown', `the first of ${droppedPages + 1} frames or pages`]);
    if (notKept !== undefined)
      facts.push(['Not kept', notKept.map((each) => KEEPABLE_WORDS[each]).join('; ')]);
    const pairs = facts.map(([name, value]) => {
      const pair = document.createElement('div');
      pair.append(textElement('dt', name), textElement('dd', value));
      return pair;
    });
    byId('stage-facts', HTMLElement).replaceChildren(...pairs);
    const details = byId('attempts', HTMLDetailsElement);
    details.hidden = attempts.length === 0;
    details.open = fallback;
    const items = attempts.map((attempt) => textElement('li', attemptInWords(attempt, titleOf)));
    byId('attempt-list', HTMLElement).replaceChildren(...items);
  }
}
