import { find } from '../element.js';
import { prepareGestures } from './gestures.js';
import { centred, clamped, fitZoom, nextZoom, usefulZoom, zoomedAt } from './view.js';

/**
 * @typedef {import('./view.js').Size} Size
 * @typedef {import('./view.js').View} View
 */

/**
 * Before and after, one upon the other, in the same place and size; a divider between them (the web component
 * img-comparison-slider), zoom and movement (ours). Fires `view` when the zoom has changed.
 */
export class Comparison extends EventTarget {
  #frame;
  /** The result's size: both pictures are drawn in it. @type {Size} */
  #picture = { width: 1, height: 1 };
  /** @type {View} */
  #view = { zoom: 1, x: 0, y: 0 };
  /** Keeps showing the whole picture when the window changes. */
  #fitted = false;
  /** @type {HTMLImageElement[]} */
  #images = [];
  /** @type {(HTMLElement & { value: number, handle: string | boolean }) | undefined} */
  #slider;
  /** Counts openings: a slow decode of an earlier one must not appear in a later. */
  #opening = 0;

  /** @param {HTMLElement} frame */
  constructor(frame) {
    super();
    this.#frame = frame;
    prepareGestures(frame, this);
    new ResizeObserver(() => {
      if (this.#images.length === 0) return;
      if (this.#fitted) this.fit();
      else this.#draw(clamped(this.#view, this.#picture, this.#size));
    }).observe(frame);
  }

  /**
   * Shows the pair at 100 %: one pixel of the result on one of the screen.
   * @param {Blob | undefined} before undefined when the browser no longer has it.
   * @param {Blob} after
   * @param {Size & { format: string }} result
   */
  async show(before, after, result) {
    this.clear();
    const opening = ++this.#opening;
    this.#say('Opening the comparison');
    await import('../vendor/img-comparison-slider.js');
    const [first, second] = await Promise.all([before && decoded(before), decoded(after)]);
    if (opening !== this.#opening) {
      for (const image of [first, second]) if (image !== undefined) URL.revokeObjectURL(image.src);
      return;
    }
    this.#picture = { width: result.width, height: result.height };
    this.#images = [first, second].filter((image) => image !== undefined);
    if (second === undefined) {
      this.clear();
      this.#say(
        `This browser cannot show this ${result.format.toUpperCase()} picture. The download is complete.`,
      );
      return;
    }
    second.alt = 'After: the enlarged picture';
    if (first === undefined) {
      this.#frame.append(pane(second, 'alone'));
      this.#say(
        before === undefined
          ? 'The original went with the page that sent it, so there is nothing to compare with.'
          : 'This browser cannot show the original, so there is nothing to compare with.',
      );
    } else {
      first.alt = 'Before: the original picture';
      this.#frame.append(this.#newSlider(first, second));
      this.#say('');
    }
    this.#frame.classList.add('with-picture');
    this.#frame.classList.toggle('comparing', first !== undefined);
    this.actual();
  }

  clear() {
    this.#opening += 1;
    for (const image of this.#images) URL.revokeObjectURL(image.src);
    this.#images = [];
    this.#slider = undefined;
    for (const old of this.#frame.querySelectorAll('img-comparison-slider, .alone')) old.remove();
    this.#frame.classList.remove('with-picture', 'comparing', 'movable');
    this.#say('');
  }

  /** @returns {number} of 100 %. */
  get percent() {
    return (this.#view.zoom / this.#actual) * 100;
  }

  /** @returns {boolean} true while the whole picture is shown. */
  get fits() {
    return this.#fitted;
  }

  /** @returns {boolean} true when the picture is larger than its window, and can be moved. */
  get movable() {
    const { width, height } = this.#size;
    return (
      this.#picture.width * this.#view.zoom > width + 1 || this.#picture.height * this.#view.zoom > height + 1
    );
  }

  /** @returns {DOMRect | undefined} where the divider's grip is. */
  get grip() {
    return this.#slider?.querySelector('.grip')?.getBoundingClientRect();
  }

  fit() {
    this.#fitted = true;
    const zoom = usefulZoom(this.#fit, this.#actual, this.#fit);
    this.#draw(centred(this.#picture, this.#size, zoom));
  }

  actual() {
    this.#fitted = false;
    this.#draw(centred(this.#picture, this.#size, this.#actual));
  }

  /** @param {1 | -1} direction */
  step(direction) {
    const { width, height } = this.#size;
    const zoom = nextZoom(this.#view.zoom, direction, this.#actual, this.#fit);
    this.zoomTo(zoom / this.#view.zoom, { x: width / 2, y: height / 2 });
  }

  /**
   * @param {number} factor of the present zoom.
   * @param {{ x: number, y: number }} point in the window, that stays where it is.
   */
  zoomTo(factor, point) {
    this.#fitted = false;
    const zoom = usefulZoom(this.#view.zoom * factor, this.#actual, this.#fit);
    this.#draw(zoomedAt(this.#view, zoom, point, this.#picture, this.#size));
  }

  /**
   * @param {number} dx CSS pixels
   * @param {number} dy CSS pixels
   */
  move(dx, dy) {
    this.#draw(
      clamped({ ...this.#view, x: this.#view.x + dx, y: this.#view.y + dy }, this.#picture, this.#size),
    );
  }

  /** @param {number} hundredths how far the divider goes, to the right when positive. */
  slideBy(hundredths) {
    if (this.#slider === undefined) return;
    this.#slider.value = Math.min(100, Math.max(0, this.#slider.value + hundredths));
    this.#tellPosition();
  }

  /** @returns {Size} the window's, in CSS pixels. */
  get #size() {
    return { width: this.#frame.clientWidth, height: this.#frame.clientHeight };
  }

  /** One picture pixel on one pixel of the screen. */
  get #actual() {
    return 1 / window.devicePixelRatio;
  }

  get #fit() {
    return fitZoom(this.#picture, this.#size);
  }

  /** @param {View} view */
  #draw(view) {
    this.#view = view;
    for (const image of this.#images) {
      image.style.width = `${this.#picture.width * view.zoom}px`;
      image.style.height = `${this.#picture.height * view.zoom}px`;
      image.style.transform = `translate(${view.x}px, ${view.y}px)`;
    }
    const { movable } = this;
    this.#frame.classList.toggle('movable', movable);
    // While the picture can be moved, only the grip slides; else any place does.
    if (this.#slider !== undefined) this.#slider.handle = movable;
    this.dispatchEvent(new Event('view'));
  }

  /**
   * @param {HTMLImageElement} first
   * @param {HTMLImageElement} second
   */
  #newSlider(first, second) {
    const slider = /** @type {HTMLElement & { value: number, handle: string | boolean }} */ (
      document.createElement('img-comparison-slider')
    );
    // The component says nothing to screen readers: its role and value are told here.
    slider.setAttribute('keyboard', 'disabled');
    slider.setAttribute('role', 'slider');
    slider.setAttribute('aria-label', 'Divider between before and after');
    slider.setAttribute('aria-describedby', 'stage-keys');
    slider.setAttribute('aria-valuemin', '0');
    slider.setAttribute('aria-valuemax', '100');
    const grip = find(document, '#grip-template', HTMLTemplateElement).content.cloneNode(true);
    slider.append(pane(first, 'pane', 'first'), pane(second, 'pane', 'second'), grip);
    slider.addEventListener('slide', () => this.#tellPosition());
    this.#slider = slider;
    this.#tellPosition();
    return slider;
  }

  #tellPosition() {
    const position = Math.round(Math.min(100, Math.max(0, this.#slider?.value ?? 50)));
    this.#slider?.setAttribute('aria-valuenow', String(position));
    this.#slider?.setAttribute('aria-valuetext', `${position} % before, ${100 - position} % after`);
  }

  /** @param {string} sentence */
  #say(sentence) {
    const note = find(this.#frame, '.stage-note', HTMLElement);
    note.textContent = sentence;
    note.hidden = sentence === '';
  }
}

/**
 * @param {HTMLImageElement} image
 * @param {string} className
 * @param {string} [slot]
 */
function pane(image, className, slot) {
  const element = document.createElement('div');
  element.className = className === 'pane' ? 'pane' : `pane ${className}`;
  if (slot !== undefined) element.slot = slot;
  element.append(image);
  return element;
}

/**
 * @param {Blob} content
 * @returns {Promise<HTMLImageElement | undefined>} ready to be painted; undefined when this browser cannot show it.
 */
async function decoded(content) {
  const image = new Image();
  image.draggable = false;
  image.src = URL.createObjectURL(content);
  try {
    await image.decode();
    return image;
  } catch {
    URL.revokeObjectURL(image.src);
    return undefined;
  }
}
