import { byId, find } from '../element.js';
import { titleOf } from '../form/models.js';
import {
  attemptInWords,
  bytesInWords,
  candidateInWords,
  durationInWords,
  notKeptInWords,
  sizeInWords,
} from '../words.js';

/**
 * @typedef {import('../pictures/picture.js').Picture} Picture
 * @typedef {import('./comparison.js').Comparison} Comparison
 */

/** The section that shows one result beside its original: the comparison, the facts, how it was served. */
export class Stage {
  #section = byId('stage', HTMLElement);
  #title = byId('stage-title', HTMLElement);
  /** Loaded with the first result: the first paint does without it. @type {Comparison | undefined} */
  #comparison;
  /** @type {Picture | undefined} */
  #picture;
  /** @type {string | undefined} */
  #downloadUrl;
  #onClose;

  /** @param {(picture: Picture) => void} onClose called with the picture whose comparison was closed. */
  constructor(onClose) {
    this.#onClose = onClose;
    byId('stage-download', HTMLAnchorElement).addEventListener('click', () => this.#picture?.noteDownload());
    byId('stage-close', HTMLButtonElement).addEventListener('click', () => this.close());
    this.#section.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && document.fullscreenElement === null) this.close();
    });
    for (const button of this.#section.querySelectorAll('[data-zoom]')) {
      const kind = button.getAttribute('data-zoom');
      button.addEventListener('click', () => this.#zoom(kind ?? ''));
    }
    find(this.#section, '[data-zoom=screen]', HTMLButtonElement).hidden = !document.fullscreenEnabled;
  }

  /** @returns {Picture | undefined} the picture that is shown. */
  get picture() {
    return this.#picture;
  }

  /**
   * @param {Picture} picture done.
   * @param {{ focus: boolean }} how focus: the reader asked for it, and is taken there.
   */
  async open(picture, { focus }) {
    const { finished: job, result, file } = picture;
    if (job?.result === undefined || result === undefined) return;
    this.#forgetUrl();
    this.#picture = picture;
    this.#title.textContent = picture.name;
    this.#section.hidden = false;
    this.#showFacts(job);
    const link = byId('stage-download', HTMLAnchorElement);
    this.#downloadUrl = URL.createObjectURL(result);
    link.href = this.#downloadUrl;
    link.download = job.result.fileName;
    link.textContent = `Download ${job.result.format.toUpperCase()}, ${bytesInWords(job.result.bytes)}`;
    link.hidden = false;
    if (focus) {
      this.#section.scrollIntoView({ block: 'start' });
      this.#title.focus({ preventScroll: true });
    }
    const comparison = await this.#loaded();
    if (this.#picture === picture) await comparison.show(file, result, job.result);
  }

  close() {
    const picture = this.#picture;
    if (picture === undefined) return;
    if (document.fullscreenElement !== null) document.exitFullscreen();
    this.#picture = undefined;
    this.#section.hidden = true;
    this.#comparison?.clear();
    this.#forgetUrl();
    this.#onClose(picture);
  }

  /** @returns {Promise<Comparison>} */
  async #loaded() {
    const { Comparison } = await import('./comparison.js');
    if (this.#comparison === undefined) {
      const comparison = new Comparison(byId('stage-view', HTMLElement));
      comparison.addEventListener('view', () => this.#showZoom(comparison));
      this.#comparison = comparison;
    }
    return this.#comparison;
  }

  #forgetUrl() {
    if (this.#downloadUrl !== undefined) URL.revokeObjectURL(this.#downloadUrl);
    this.#downloadUrl = undefined;
  }

  /** @param {string} kind */
  #zoom(kind) {
    if (kind === 'in') this.#comparison?.step(1);
    else if (kind === 'out') this.#comparison?.step(-1);
    else if (kind === 'fit') this.#comparison?.fit();
    else if (kind === 'actual') this.#comparison?.actual();
    else if (document.fullscreenElement === null) this.#section.requestFullscreen();
    else document.exitFullscreen();
  }

  /** @param {Comparison} comparison */
  #showZoom(comparison) {
    const { percent } = comparison;
    byId('zoom-level', HTMLOutputElement).textContent =
      `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
    const press = (/** @type {string} */ kind, /** @type {boolean} */ on) =>
      find(this.#section, `[data-zoom=${kind}]`, HTMLButtonElement).setAttribute('aria-pressed', String(on));
    press('fit', comparison.fits);
    press('actual', Math.abs(percent - 100) < 0.5);
  }

  /**
   * @param {import('../jobs/api.js').Job} job
   */
  #showFacts(job) {
    const { source, result, attempts } = job;
    if (result === undefined) return;
    /** @type {[string, string][]} */
    const facts = [
      [
        'Before',
        `${sizeInWords(source.width, source.height)} · ${source.format.toUpperCase()} · ${bytesInWords(source.bytes)}`,
      ],
      [
        'After',
        `${sizeInWords(result.width, result.height)} · ${result.format.toUpperCase()} · ${bytesInWords(result.bytes)}`,
      ],
      [
        'Time',
        `${durationInWords(result.milliseconds)}, ${result.tiles} ${result.tiles === 1 ? 'tile' : 'tiles'}`,
      ],
      [
        result.fallback ? 'Served by a fallback' : 'Served by',
        candidateInWords(titleOf(result.model), result.provider),
      ],
    ];
    if (result.droppedPages !== undefined)
      facts.push(['Shown', `the first of ${result.droppedPages + 1} frames or pages`]);
    if (result.notKept !== undefined) facts.push(['Not kept', notKeptInWords(result.notKept)]);
    byId('stage-facts', HTMLElement).replaceChildren(
      ...facts.map(([name, value]) => {
        const pair = document.createElement('div');
        const term = document.createElement('dt');
        const description = document.createElement('dd');
        term.textContent = name;
        description.textContent = value;
        pair.append(term, description);
        return pair;
      }),
    );
    const details = byId('attempts', HTMLDetailsElement);
    details.hidden = attempts.length === 0;
    details.open = result.fallback;
    byId('attempt-list', HTMLElement).replaceChildren(
      ...attempts.map((attempt) => {
        const item = document.createElement('li');
        item.textContent = attemptInWords(attempt, titleOf);
        return item;
      }),
    );
  }
}
