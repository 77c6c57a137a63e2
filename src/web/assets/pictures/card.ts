import { bytesInWords, secondsInWords } from '../client/words.js';
import { byId, find } from '../element.js';
import { titleOf } from '../form/models.js';
import {
  CONNECTION_LOST,
  candidateInWords,
  fallbackInWords,
  fractionDone,
  progressInWords,
  sizeInWords,
} from '../words.js';
import type { Picture } from './picture.js';
import { drawThumbnail } from './thumbnail.js';

export type CardAction = 'cancel' | 'compare' | 'again' | 'remove';

/** The list item that shows one picture and its actions. */
export class Card {
  readonly element: HTMLElement;
  readonly #thumb: HTMLElement;
  readonly #progress: HTMLProgressElement;
  readonly #download: HTMLAnchorElement;
  /** The result behind the address of `#download`. */
  #offered: Blob | undefined;
  #hasThumbnail = false;
  readonly #picture: Picture;

  constructor(picture: Picture, onAction: (action: CardAction) => void) {
    this.#picture = picture;
    const content = byId('card-template', HTMLTemplateElement).content.cloneNode(true) as DocumentFragment;
    this.element = find(content, '.card', HTMLLIElement);
    this.#thumb = find(this.element, '.thumb', HTMLElement);
    this.#progress = find(this.element, '.card-progress', HTMLProgressElement);
    this.#download = find(this.element, '[data-action=download]', HTMLAnchorElement);
    this.#setText('.card-name', picture.name);
    this.#progress.setAttribute('aria-label', `Progress of ${picture.name}`);
    if (picture.file === undefined) this.#button('compare').textContent = 'View';
    for (const button of this.element.querySelectorAll('button')) {
      this.#label(button, button.textContent?.trim() || 'Remove');
      button.addEventListener('click', () => onAction(button.dataset.action as CardAction));
    }
    this.#download.addEventListener('click', () => picture.noteDownload());
    picture.addEventListener('change', () => this.#show());
    this.#show();
    if (picture.file !== undefined) this.#drawThumbnail(picture.file);
  }

  focus(action: CardAction): void {
    this.#button(action).focus();
  }

  /** Marks the card whose comparison is open. */
  set current(current: boolean) {
    this.element.setAttribute('aria-current', String(current));
  }

  /** Removes the card and revokes its download. */
  remove(): void {
    URL.revokeObjectURL(this.#download.href);
    this.element.remove();
  }

  #button(action: CardAction): HTMLButtonElement {
    return find(this.element, `button[data-action=${action}]`, HTMLButtonElement);
  }

  #label(button: HTMLButtonElement, verb: string): void {
    button.setAttribute('aria-label', `${verb}: ${this.#picture.name}`);
  }

  #setText(selector: string, text: string): HTMLElement {
    const element = find(this.element, selector, HTMLElement);
    element.textContent = text;
    return element;
  }

  #show(): void {
    const picture = this.#picture;
    const hadFocus = this.element.contains(document.activeElement);
    this.element.dataset.phase = picture.phase;
    this.#setText('.card-sizes', this.#sizes());
    this.#setText('.card-status', this.#status());
    const note = this.#note();
    this.#setText('.card-note', note).hidden = note === '';
    this.#button('cancel').hidden = !picture.busy;
    this.#button('compare').hidden = picture.finished === undefined;
    this.#button('remove').hidden = picture.busy;
    this.#showAgain();
    this.#showDownload();
    this.#showProgress();
    // When the focused button disappears, the focus stays in the card instead of going to the top of the page.
    if (hadFocus && !this.element.contains(document.activeElement)) this.element.focus();
  }

  /** Another run takes the options that are chosen then. "Try again" says that unchanged options may succeed. */
  #showAgain(): void {
    const { again } = this.#picture;
    const button = this.#button('again');
    button.hidden = again === 'never';
    button.textContent = again === 'as_is' ? 'Try again' : 'Run again';
    this.#label(button, again === 'as_is' ? 'Try again' : 'Run again with the options chosen now');
  }

  #note(): string {
    const { phase, finished } = this.#picture;
    if (finished?.result === undefined) return '';
    if (phase !== 'done') return 'The earlier result is still here.';
    return finished.result.fallback ? fallbackInWords(finished.attempts, titleOf) : '';
  }

  #sizes(): string {
    const { job = this.#picture.finished, file } = this.#picture;
    if (job === undefined) return file === undefined ? '' : bytesInWords(file.size);
    const from = sizeInWords(job.source);
    return job.result === undefined ? from : `${from} → ${sizeInWords(job.result)}`;
  }

  #status(): string {
    const { busy, connected, phase, job, nextTryInSeconds, uploaded, reason, finished } = this.#picture;
    if (busy && !connected) return CONNECTION_LOST;
    switch (phase) {
      case 'waiting':
        if (job !== undefined) return 'Waiting to be looked up';
        return nextTryInSeconds === undefined
          ? 'Waiting to be sent'
          : `The service is busy. Next try in ${nextTryInSeconds} s`;
      case 'uploading':
        return uploaded < 1 ? `Sending, ${Math.floor(uploaded * 100)} %` : 'Sent, waiting for an answer';
      case 'working':
        return job === undefined ? '' : progressInWords(job, titleOf);
      case 'receiving':
        return 'Fetching the result';
      case 'failed':
        return reason;
      case 'cancelled':
        return 'Cancelled';
      case 'done': {
        if (finished?.result === undefined) return '';
        const { format, bytes, milliseconds, model, provider } = finished.result;
        return [
          format.toUpperCase(),
          bytesInWords(bytes),
          secondsInWords(milliseconds / 1000),
          candidateInWords(titleOf(model), provider),
        ].join(' · ');
      }
    }
  }

  /** Draws once. @param content the original, or the result when the browser no longer has the original. */
  #drawThumbnail(content: Blob): void {
    if (this.#hasThumbnail) return;
    this.#hasThumbnail = true;
    drawThumbnail(this.#thumb, content, this.#picture.name);
  }

  #showDownload(): void {
    const { result, finished } = this.#picture;
    const link = this.#download;
    link.hidden = result === undefined;
    if (result === undefined || result === this.#offered) return;
    this.#offered = result;
    this.#drawThumbnail(result);
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(result);
    link.download = finished?.result?.fileName ?? 'result';
    link.setAttribute('aria-label', `Download ${link.download}`);
  }

  #showProgress(): void {
    const { phase, job, uploaded, busy, finished } = this.#picture;
    const done = phase === 'done' || phase === 'receiving' ? 1 : job === undefined ? 0 : fractionDone(job);
    const coloured = busy || phase === 'done' ? done : finished === undefined ? 0 : 1;
    this.#thumb.style.setProperty('--done', String(coloured));
    this.#progress.hidden = !busy;
    this.#progress.value = phase === 'uploading' ? uploaded : done;
  }
}
