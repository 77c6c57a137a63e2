/** Where a picture lies in its frame: pure arithmetic, in CSS pixels. */

export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Point {
  readonly x: number;
  readonly y: number;
}
/** `zoom`: CSS pixels for one picture pixel. `x`, `y`: the picture's top left corner, relative to the frame's. */
export interface View extends Point {
  readonly zoom: number;
}

/** Factors of the zoom buttons, relative to one picture pixel on one screen pixel. */
const STEPS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8];
const LARGEST = 8;
/** Zooms nearer to each other than this share look the same. */
const SAME = 0.001;
const ROUNDING = 1e-9;

/** The zoom that shows the whole picture. */
export function fitZoom(picture: Size, frame: Size): number {
  return Math.min(frame.width / picture.width, frame.height / picture.height);
}

/** The view with the picture's middle in the frame's. */
export function centred(picture: Size, frame: Size, zoom: number): View {
  const x = (frame.width - picture.width * zoom) / 2;
  const y = (frame.height - picture.height * zoom) / 2;
  return clamped({ zoom, x, y }, picture, frame);
}

/**
 * Moves a view so that a larger picture leaves no gap and a smaller picture is centred, on whole CSS pixels, which keeps both
 * pictures sharp and aligned.
 */
export function clamped({ zoom, x, y }: View, picture: Size, frame: Size): View {
  return {
    zoom,
    x: clampedOffset(x, picture.width * zoom, frame.width),
    y: clampedOffset(y, picture.height * zoom, frame.height),
  };
}

/** @param length of the picture, on screen. */
function clampedOffset(offset: number, length: number, room: number): number {
  return Math.round(length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, offset)));
}

/** Zooms around a point of the frame, which keeps its place. */
export function zoomedAt(view: View, zoom: number, point: Point, picture: Size, frame: Size): View {
  const factor = zoom / view.zoom;
  const x = point.x - (point.x - view.x) * factor;
  const y = point.y - (point.y - view.y) * factor;
  return clamped({ zoom, x, y }, picture, frame);
}

/**
 * Limits a zoom to useful values.
 * @param actual the zoom of 100 %.
 * @param fit the zoom that shows the whole picture.
 */
export function usefulZoom(zoom: number, actual: number, fit: number): number {
  return Math.min(LARGEST * actual, Math.max(Math.min(fit, actual), zoom));
}

/** The next step of the zoom in a direction; "fit" is a step too. */
export function nextZoom(zoom: number, direction: 1 | -1, actual: number, fit: number): number {
  const round = STEPS.map((step) => step * actual);
  // A step that looks like "fit" would have no effect, so it is left out. 100 % stays, because it has a button of its own.
  const steps = [...round.filter((step) => step === actual || Math.abs(step / fit - 1) >= SAME), fit];
  steps.sort((a, b) => a - b);
  const next =
    direction === 1
      ? steps.find((step) => step > zoom * (1 + ROUNDING))
      : steps.findLast((step) => step < zoom * (1 - ROUNDING));
  return usefulZoom(next ?? zoom, actual, fit);
}
