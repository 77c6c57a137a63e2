/**
 * Where a picture lies in its window: pure arithmetic, in CSS pixels.
 * @typedef {{ width: number, height: number }} Size
 * @typedef {{ zoom: number, x: number, y: number }} View zoom: CSS pixels for one picture pixel; x, y: the picture's top left
 *   corner, seen from the window's.
 */

/** Factors offered by the zoom buttons, of one picture pixel on one screen pixel. */
const STEPS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8];
const LARGEST = 8;
/** Zooms nearer to each other than this share look the same. */
const SAME = 0.001;
const ROUNDING = 1e-9;

/**
 * @param {Size} picture
 * @param {Size} frame
 * @returns {number} the zoom at which the whole picture is seen.
 */
export function fitZoom(picture, frame) {
  return Math.min(frame.width / picture.width, frame.height / picture.height);
}

/**
 * @param {Size} picture
 * @param {Size} frame
 * @param {number} zoom
 * @returns {View} with the picture's middle in the window's.
 */
export function centred(picture, frame, zoom) {
  return clamped(
    { zoom, x: (frame.width - picture.width * zoom) / 2, y: (frame.height - picture.height * zoom) / 2 },
    picture,
    frame,
  );
}

/**
 * @param {View} view
 * @param {Size} picture
 * @param {Size} frame
 * @returns {View} moved so that a larger picture leaves no gap and a smaller one is centred; on whole CSS pixels, which keeps
 *   both pictures sharp and on one another.
 */
export function clamped(view, picture, frame) {
  return {
    zoom: view.zoom,
    x: clampedOffset(view.x, picture.width * view.zoom, frame.width),
    y: clampedOffset(view.y, picture.height * view.zoom, frame.height),
  };
}

/**
 * @param {number} offset
 * @param {number} length of the picture, on screen
 * @param {number} room
 */
function clampedOffset(offset, length, room) {
  return Math.round(length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, offset)));
}

/**
 * Zooms so that what lies under a point stays under it.
 * @param {View} view
 * @param {number} zoom
 * @param {{ x: number, y: number }} point in the window
 * @param {Size} picture
 * @param {Size} frame
 * @returns {View}
 */
export function zoomedAt(view, zoom, point, picture, frame) {
  const factor = zoom / view.zoom;
  return clamped(
    { zoom, x: point.x - (point.x - view.x) * factor, y: point.y - (point.y - view.y) * factor },
    picture,
    frame,
  );
}

/**
 * @param {number} zoom
 * @param {number} actual the zoom of 100 %.
 * @param {number} fit the zoom that shows the whole picture.
 * @returns {number} within what is useful.
 */
export function usefulZoom(zoom, actual, fit) {
  return Math.min(LARGEST * actual, Math.max(Math.min(fit, actual), zoom));
}

/**
 * @param {number} zoom
 * @param {1 | -1} direction
 * @param {number} actual
 * @param {number} fit
 * @returns {number} the next step in that direction; "fit" is a step too.
 */
export function nextZoom(zoom, direction, actual, fit) {
  const round = STEPS.map((step) => step * actual);
  // A step that looks like "fit" would only be a key press without effect; 100 % stays, since it is asked for by name.
  const steps = [...round.filter((step) => step === actual || Math.abs(step / fit - 1) >= SAME), fit];
  steps.sort((a, b) => a - b);
  const next =
    direction === 1
      ? steps.find((step) => step > zoom * (1 + ROUNDING))
      : steps.findLast((step) => step < zoom * (1 - ROUNDING));
  return usefulZoom(next ?? zoom, actual, fit);
}
