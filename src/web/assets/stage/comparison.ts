import { find } from '../element.js';
import { prepareGestures } from './gestures.js';
import {
  centred,
  clamped,
  fitZoom,
  nextZoom,
  type Point,
  type Size,
  usefulZoom,
  type View,
  zoomedAt,
} from './view.js';

/** The web component img-comparison-slider. */
type Slider = HTMLElement & { value: number; handle: string | boolean };

/**
 * Before and after, one above the other in the same place and size, with a divider between them. The divider is the web component
 * img-comparison-slider; zoom and movement are ours. Fires `view` when the zoom has changed.
 */
export class Comparison extends EventTarget {
  readonly #frame: HTMLElement;
  /** The result's size: both pictures are drawn in it. */
  #picture: Size = { width: 1, height: 1 };
  #view: View = { zoom: 1, x: 0, y: 0 };
  /** Whether the whole picture stays shown when the window changes. */
  #fitted = false;
  #images: HTMLImageElement[] = [];
  #slider: Slider | undefined;
  /** Counts openings: a slow decode of an earlier one must not appear in a later one. */
  #opening = 0;

  constructor(frame: HTMLElement) {
    super();
    this.#frame = frame;
    prepareGestures(frame, this);
    new ResizeObserver(() => {
      if (this.#images.length === 0) return;
      if (this.#fitted) this.fit();
      else this.move(0, 0);
    }).observe(frame);
  }

  /**
   * Shows the pair at 100 %: one pixel of the result on one pixel of the screen.
   * @param before undefined when the browser no longer has the original.
   */
  async show(
    before: Blob | undefined,
    after: Blob,
    { width, height, format }: Size & { readonly format: string },
  ): Promise<void> {
    this.clear();
    const opening = ++this.#opening;
    this.#say('Opening the comparison');
    await import('../vendor/img-comparison-slider.js');
    const [first, second] = await Promise.all([before && decoded(before), decoded(after)]);
    const images = [first, second].filter((image) => image !== undefined);
    if (opening !== this.#opening) return revoke(images);
    if (second === undefined) {
      revoke(images);
      this.#say(`This browser cannot show this ${format.toUpperCase()} picture. The download is complete.`);
      return;
    }
    this.#picture = { width, height };
    this.#images = images;
    second.alt = 'After: the enlarged picture';
    if (first === undefined) {
      this.#frame.append(pane(second, 'pane alone'));
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

  clear(): void {
    this.#opening += 1;
    revoke(this.#images);
    this.#images = [];
    this.#slider = undefined;
    for (const old of this.#frame.querySelectorAll('img-comparison-slider, .alone')) old.remove();
    this.#frame.classList.remove('with-picture', 'comparing', 'movable');
    this.#say('');
  }

  /** The zoom as a share of 100 %. */
  get percent(): number {
    return (this.#view.zoom / this.#actual) * 100;
  }

  /** Whether the whole picture is shown. */
  get fits(): boolean {
    return this.#fitted;
  }

  /** Whether the picture is larger than the frame. */
  get movable(): boolean {
    const { width, height } = this.#size;
    const { zoom } = this.#view;
    return this.#picture.width * zoom > width + 1 || this.#picture.height * zoom > height + 1;
  }

  /** The grip of the divider. */
  get grip(): DOMRect | undefined {
    return this.#slider?.querySelector('.grip')?.getBoundingClientRect();
  }

  fit(): void {
    this.#fitted = true;
    const zoom = usefulZoom(this.#fit, this.#actual, this.#fit);
    this.#draw(centred(this.#picture, this.#size, zoom));
  }

  actual(): void {
    this.#fitted = false;
    this.#draw(centred(this.#picture, this.#size, this.#actual));
  }

  /** Zooms to the next step around the middle of the frame. */
  step(direction: 1 | -1): void {
    const { width, height } = this.#size;
    const zoom = nextZoom(this.#view.zoom, direction, this.#actual, this.#fit);
    this.zoomTo(zoom / this.#view.zoom, { x: width / 2, y: height / 2 });
  }

  /** Zooms by a factor around a point of the frame. */
  zoomTo(factor: number, point: Point): void {
    this.#fitted = false;
    const zoom = usefulZoom(this.#view.zoom * factor, this.#actual, this.#fit);
    this.#draw(zoomedAt(this.#view, zoom, point, this.#picture, this.#size));
  }

  /** Moves the picture by CSS pixels. */
  move(dx: number, dy: number): void {
    const { zoom, x, y } = this.#view;
    this.#draw(clamped({ zoom, x: x + dx, y: y + dy }, this.#picture, this.#size));
  }

  /** Moves the divider, to the right when positive. */
  slideBy(hundredths: number): void {
    if (this.#slider === undefined) return;
    this.#slider.value = Math.min(100, Math.max(0, this.#slider.value + hundredths));
    this.#tellPosition();
  }

  /** The frame's size in CSS pixels. */
  get #size(): Size {
    return { width: this.#frame.clientWidth, height: this.#frame.clientHeight };
  }

  /** The zoom with one picture pixel on one pixel of the screen. */
  get #actual(): number {
    return 1 / window.devicePixelRatio;
  }

  get #fit(): number {
    return fitZoom(this.#picture, this.#size);
  }

  #draw(view: View): void {
    this.#view = view;
    for (const image of this.#images) {
      image.style.width = `${this.#picture.width * view.zoom}px`;
      image.style.height = `${this.#picture.height * view.zoom}px`;
      image.style.transform = `translate(${view.x}px, ${view.y}px)`;
    }
    const { movable } = this;
    this.#frame.classList.toggle('movable', movable);
    // While the picture can be moved, only the grip slides; otherwise every place slides.
    if (this.#slider !== undefined) this.#slider.handle = movable;
    this.dispatchEvent(new Event('view'));
  }

  #newSlider(first: HTMLImageElement, second: HTMLImageElement): Slider {
    const slider = document.createElement('img-comparison-slider') as Slider;
    // The component has no role and no value for screen readers.
    for (const [name, value] of Object.entries({
      keyboard: 'disabled',
      role: 'slider',
      'aria-label': 'Divider between before and after',
      'aria-describedby': 'stage-keys',
      'aria-valuemin': '0',
      'aria-valuemax': '100',
    }))
      slider.setAttribute(name, value);
    const grip = find(document, '#grip-template', HTMLTemplateElement).content.cloneNode(true);
    slider.append(pane(first, 'pane', 'first'), pane(second, 'pane', 'second'), grip);
    slider.addEventListener('slide', () => this.#tellPosition());
    this.#slider = slider;
    this.#tellPosition();
    return slider;
  }

  #tellPosition(): void {
    const position = Math.round(Math.min(100, Math.max(0, this.#slider?.value ?? 50)));
    this.#slider?.setAttribute('aria-valuenow', String(position));
    this.#slider?.setAttribute('aria-valuetext', `${position} % before, ${100 - position} % after`);
  }

  #say(sentence: string): void {
    const note = find(this.#frame, '.stage-note', HTMLElement);
    note.textContent = sentence;
    note.hidden = sentence === '';
  }
}

function pane(image: HTMLImageElement, className: string, slot = ''): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  if (slot !== '') element.slot = slot;
  element.append(image);
  return element;
}

/** @returns an image that is ready to be painted; undefined when this browser cannot show it. */
async function decoded(content: Blob): Promise<HTMLImageElement | undefined> {
  const image = new Image();
  image.draggable = false;
  image.src = URL.createObjectURL(content);
  try {
    await image.decode();
    return image;
  } catch {
    revoke([image]);
    return undefined;
  }
}

function revoke(images: readonly HTMLImageElement[]): void {
  for (const image of images) URL.revokeObjectURL(image.src);
}
