import { byId, find } from '../element.js';
import { titleOf } from '../form/models.js';
import {
  bytesInWords,
  CONNECTION_LOST,
  candidateInWords,
  durationInWords,
  fallbackInWords,
  fractionDone,
  progressInWords,
  sizeInWords,
} from '../words.js';
import { drawThumbnail } from './thumbnail.js';

/**
 * @typedef {import('./picture.js').Picture} Picture
 * @typedef {'cancel' | 'compare' | 'again' | 'remove'} CardAction
 */

/** The list item that shows one picture and what can be done with it. */
export class Card {
  /** @type {string | undefined} */
  #downloadUrl;
  /** What is behind `#downloadUrl`. @type {Blob | undefined} */
  #offered;
  #hasThumbnail = false;
  #picture;

  /**
   * @param {Picture} picture
   * @param {(action: CardAction) => void} onAction
   */
  constructor(picture, onAction) {
    this.#picture = picture;
    const content = byId('card-template', HTMLTemplateElement).content.cloneNode(true);
    this.element = find(/** @type {DocumentFragment} */ (content), '.card', HTMLLIElement);
    this.thumb = find(this.element, '.thumb', HTMLElement);
    this.progress = find(this.element, '.card-progress', HTMLProgressElement);
    this.download = find(this.element, '[data-action=download]', HTMLAnchorElement);
    find(this.element, '.card-name', HTMLElement).textContent = picture.name;
    this.progress.setAttribute('aria-label', `Progress of ${picture.name}`);
    if (picture.file === undefined) this.#button('compare').textContent = 'View';
    for (const button of this.element.querySelectorAll('button')) {
      const action = /** @type {CardAction} */ (button.dataset.action);
      this.#label(button, button.textContent?.trim() || 'Remove');
      button.addEventListener('click', () => onAction(action));
    }
    this.download.addEventListener('click', () => picture.noteDownload());
    picture.addEventListener('change', () => this.#show());
    this.#show();
    if (picture.file !== undefined) this.#drawThumbnail(picture.file);
  }

  /** @param {CardAction} action */
  focus(action) {
    this.#button(action).focus();
  }

  /** Marks the card whose comparison is open. @param {boolean} current */
  set current(current) {
    this.element.setAttribute('aria-current', String(current));
  }

  /** Frees what the browser keeps for it. */
  remove() {
    if (this.#downloadUrl !== undefined) URL.revokeObjectURL(this.#downloadUrl);
    this.element.remove();
  }

  /** @param {CardAction} action */
  #button(action) {
    return find(this.element, `button[data-action=${action}]`, HTMLButtonElement);
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {string} verb
   */
  #label(button, verb) {
    button.setAttribute('aria-label', `${verb}: ${this.#picture.name}`);
  }

  #show() {
    const picture = this.#picture;
    const hadFocus = this.element.contains(document.activeElement);
    const { phase } = picture;
    this.element.dataset.phase = phase;
    find(this.element, '.card-sizes', HTMLElement).textContent = this.#sizes();
    find(this.element, '.card-status', HTMLElement).textContent = this.#status();

    const note = find(this.element, '.card-note', HTMLElement);
    note.textContent = this.#note();
    note.hidden = note.textContent === '';

    this.#button('cancel').hidden = !picture.busy;
    this.#button('compare').hidden = picture.finished === undefined;
    this.#button('remove').hidden = picture.busy;
    this.#showAgain();
    this.#showDownload();
    this.#showProgress();
    // A button that vanishes under the reader must not drop them at the top of the page.
    if (hadFocus && !this.element.contains(document.activeElement)) this.element.focus();
  }

  /** Another run is always one with the options that are chosen then: it is called a new try where those of before may do. */
  #showAgain() {
    const { again } = this.#picture;
    const button = this.#button('again');
    button.hidden = again === 'never';
    button.textContent = again === 'as_is' ? 'Try again' : 'Run again';
    this.#label(button, again === 'as_is' ? 'Try again' : 'Run again with the options chosen now');
  }

  #note() {
    const { phase, finished } = this.#picture;
    if (finished?.result === undefined) return '';
    if (phase !== 'done') return 'The earlier result is still here.';
    return finished.result.fallback ? fallbackInWords(finished.attempts, titleOf) : '';
  }

  #sizes() {
    const { job = this.#picture.finished, file } = this.#picture;
    if (job === undefined) return file === undefined ? '' : bytesInWords(file.size);
    const from = sizeInWords(job.source.width, job.source.height);
    return job.result === undefined ? from : `${from} → ${sizeInWords(job.result.width, job.result.height)}`;
  }

  #status() {
    const picture = this.#picture;
    if (picture.busy && !picture.connected) return CONNECTION_LOST;
    switch (picture.phase) {
      case 'waiting':
        if (picture.job !== undefined) return 'Waiting to be looked up';
        return picture.nextTryInSeconds === undefined
          ? 'Waiting to be sent'
          : `The service is busy. Next try in ${picture.nextTryInSeconds} s`;
      case 'uploading':
        return picture.uploaded < 1
          ? `Sending, ${Math.floor(picture.uploaded * 100)} %`
          : 'Sent, waiting for an answer';
      case 'working':
        return picture.job === undefined ? '' : progressInWords(picture.job, titleOf);
      case 'receiving':
        return 'Fetching the result';
      case 'failed':
        return picture.reason;
      case 'cancelled':
        return 'Cancelled';
      case 'done': {
        const result = picture.finished?.result;
        if (result === undefined) return '';
        return [
          result.format.toUpperCase(),
          bytesInWords(result.bytes),
          durationInWords(result.milliseconds),
          candidateInWords(titleOf(result.model), result.provider),
        ].join(' · ');
      }
    }
  }

  /** Once. @param {Blob} content the original, or the result where the browser no longer has that. */
  #drawThumbnail(content) {
    if (this.#hasThumbnail) return;
    this.#hasThumbnail = true;
    drawThumbnail(this.thumb, content, this.#picture.name);
  }

  #showDownload() {
    const { result, finished } = this.#picture;
    this.download.hidden = result === undefined;
    if (result === undefined || result === this.#offered) return;
    this.#offered = result;
    this.#drawThumbnail(result);
    if (this.#downloadUrl !== undefined) URL.revokeObjectURL(this.#downloadUrl);
    this.#downloadUrl = URL.createObjectURL(result);
    this.download.href = this.#downloadUrl;
    this.download.download = finished?.result?.fileName ?? 'result';
    this.download.setAttribute('aria-label', `Download ${this.download.download}`);
  }

  #showProgress() {
    const { phase, job, uploaded, busy, finished } = this.#picture;
    const done = phase === 'done' || phase === 'receiving' ? 1 : job === undefined ? 0 : fractionDone(job);
    const coloured = busy || phase === 'done' ? done : finished === undefined ? 0 : 1;
    this.thumb.style.setProperty('--done', String(coloured));
    this.progress.hidden = !busy;
    this.progress.value = phase === 'uploading' ? uploaded : done;
  }
}
