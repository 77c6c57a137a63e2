/**
 * What gestures and keys move: the comparison. Lengths are CSS pixels, places are relative to the frame.
 * @typedef {object} Movable
 * @property {DOMRect | undefined} grip where the grip of the divider is
 * @property {boolean} movable whether the picture is larger than the frame
 * @property {(factor: number, place: { x: number, y: number }) => void} zoomTo
 * @property {(x: number, y: number) => void} move
 * @property {(hundredths: number) => void} slideBy
 * @property {(direction: 1 | -1) => void} step to the next zoom
 * @property {() => void} fit
 * @property {() => void} actual
 */

/** CSS pixels that one press of Shift + arrow moves the picture. */
const KEY_MOVE_PX = 80;

/** Hundredths by which a key moves the divider, as sliders do everywhere. @type {Record<string, number>} */
const KEY_SLIDE = {
  ArrowLeft: -2,
  ArrowDown: -2,
  ArrowRight: 2,
  ArrowUp: 2,
  PageDown: -10,
  PageUp: 10,
  Home: -100,
  End: 100,
};

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * Moves and zooms a comparison by mouse, touch, wheel and keys. Dragging the divider is the web component's business; its keys
 * are ours, since the component moves only while a key is held for some frames, and a screen reader's key is not held at all.
 * @param {HTMLElement} frame
 * @param {Movable} comparison
 */
export function prepareGestures(frame, comparison) {
  preparePointers(frame, comparison);

  frame.addEventListener(
    'wheel',
    (event) => {
      // The plain wheel scrolls the page; with Ctrl (and as pinching on a touch pad) it zooms.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      comparison.zoomTo(Math.exp(-event.deltaY / 300), placeIn(frame, event));
    },
    { passive: false },
  );

  frame.addEventListener('keydown', (event) => pressKey(event, comparison));
}

/**
 * @param {KeyboardEvent} event
 * @param {Movable} comparison
 */
function pressKey(event, comparison) {
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

/**
 * One pointer moves, two pinch.
 * @param {HTMLElement} frame
 * @param {Movable} comparison
 */
function preparePointers(frame, comparison) {
  /** @type {Map<number, { x: number, y: number }>} */
  const pointers = new Map();

  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || liesIn(comparison.grip, event)) return;
    const place = placeIn(frame, event);
    pointers.set(event.pointerId, place);
    if (!comparison.movable && pointers.size < 2) return;
    for (const id of pointers.keys()) frame.setPointerCapture(id);
    frame.classList.add('moving');
  });

  frame.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = placeIn(frame, event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) {
      comparison.zoomTo(distance(now, other) / Math.max(1, distance(before, other)), middle(now, other));
    } else if (comparison.movable) {
      comparison.move(now.x - before.x, now.y - before.y);
    }
    pointers.set(event.pointerId, now);
  });

  const lift = (/** @type {PointerEvent} */ event) => {
    pointers.delete(event.pointerId);
    if (pointers.size === 0) frame.classList.remove('moving');
  };
  frame.addEventListener('pointerup', lift);
  frame.addEventListener('pointercancel', lift);
  // Without capture (the divider is being dragged) the end may be somewhere else.
  window.addEventListener('pointerup', lift);
}

/**
 * @param {HTMLElement} frame
 * @param {MouseEvent} event
 */
function placeIn(frame, event) {
  const { left, top } = frame.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

/**
 * @param {DOMRect | undefined} area
 * @param {MouseEvent} event
 */
function liesIn(area, event) {
  return (
    area !== undefined &&
    event.clientX >= area.left &&
    event.clientX <= area.right &&
    event.clientY >= area.top &&
    event.clientY <= area.bottom
  );
}

/** @typedef {{ x: number, y: number }} Point */
/**
 * @param {Point} a
 * @param {Point} b
 */
function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/**
 * @param {Point} a
 * @param {Point} b
 */
function middle(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
