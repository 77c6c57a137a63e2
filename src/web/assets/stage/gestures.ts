import type { Point } from './view.js';

/** The comparison, as gestures and keys use it. Lengths are CSS pixels, points are relative to the frame. */
interface Movable {
  /** The grip of the divider. */
  readonly grip: DOMRect | undefined;
  /** Whether the picture is larger than the frame. */
  readonly movable: boolean;
  zoomTo(factor: number, point: Point): void;
  move(dx: number, dy: number): void;
  slideBy(hundredths: number): void;
  step(direction: 1 | -1): void;
  fit(): void;
  actual(): void;
}

/** CSS pixels that one press of Shift + arrow moves the picture. */
const KEY_MOVE_PX = 80;

/** Hundredths by which a key moves the divider, as for every slider. */
const KEY_SLIDE: Readonly<Record<string, number>> = {
  ArrowLeft: -2,
  ArrowDown: -2,
  ArrowRight: 2,
  ArrowUp: 2,
  PageDown: -10,
  PageUp: 10,
  Home: -100,
  End: 100,
};

const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/**
 * Moves and zooms a comparison by mouse, touch, wheel and keys. The web component handles the dragging of the divider, but not
 * its keys: the component moves only while a key is held for some frames, and a screen reader does not hold a key.
 */
export function prepareGestures(frame: HTMLElement, comparison: Movable): void {
  preparePointers(frame, comparison);

  frame.addEventListener(
    'wheel',
    (event) => {
      // The plain wheel scrolls the page. With Ctrl, and as a pinch on a touch pad, it zooms.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      comparison.zoomTo(Math.exp(-event.deltaY / 300), pointIn(frame, event));
    },
    { passive: false },
  );

  frame.addEventListener('keydown', (event) => pressKey(event, comparison));
}

function pressKey(event: KeyboardEvent, comparison: Movable): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const direction = DIRECTIONS[event.key];
  const slide = KEY_SLIDE[event.key];
  if (direction !== undefined && event.shiftKey) {
    comparison.move(direction[0] * KEY_MOVE_PX, direction[1] * KEY_MOVE_PX);
  } else if (slide !== undefined) comparison.slideBy(slide);
  else if (event.key === '+' || event.key === '=') comparison.step(1);
  else if (event.key === '-') comparison.step(-1);
  else if (event.key === '0') comparison.fit();
  else if (event.key === '1') comparison.actual();
  else return;
  event.preventDefault();
}

/** One pointer moves the picture, two zoom it. */
function preparePointers(frame: HTMLElement, comparison: Movable): void {
  const pointers = new Map<number, Point>();

  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || liesIn(comparison.grip, event)) return;
    pointers.set(event.pointerId, pointIn(frame, event));
    if (!comparison.movable && pointers.size < 2) return;
    for (const id of pointers.keys()) frame.setPointerCapture(id);
    frame.classList.add('moving');
  });

  frame.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = pointIn(frame, event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) {
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      comparison.zoomTo(distance(now, other) / Math.max(1, distance(before, other)), middle);
    } else if (comparison.movable) {
      comparison.move(now.x - before.x, now.y - before.y);
    }
    pointers.set(event.pointerId, now);
  });

  const lift = (event: PointerEvent) => {
    pointers.delete(event.pointerId);
    if (pointers.size === 0) frame.classList.remove('moving');
  };
  frame.addEventListener('pointercancel', lift);
  // On the window: without capture, while the divider is dragged, the pointer may be lifted outside the frame.
  window.addEventListener('pointerup', lift);
}

function pointIn(frame: HTMLElement, event: MouseEvent): Point {
  const { left, top } = frame.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

function liesIn(area: DOMRect | undefined, { clientX, clientY }: MouseEvent): boolean {
  if (area === undefined) return false;
  const { left, right, top, bottom } = area;
  return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
