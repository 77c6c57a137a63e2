import { type ImageRequest, LANCZOS, UPSCALE_STEPS, type UpscaleStep } from '../domain/types.js';
import type { ResultSize } from '../options/result-size.js';

/**
 * What is done to an image.
 * @param nativeScale at which the model draws, all passes together; 1 for Lanczos.
 */
export function stepsOf(
  { target, shown }: ResultSize,
  { header, options }: ImageRequest,
  model: string,
  nativeScale: number,
): readonly UpscaleStep[] {
  const isCropped = shown.width < header.width || shown.height < header.height;
  const isResized =
    target.width !== shown.width * nativeScale || target.height !== shown.height * nativeScale;
  const isDone: Readonly<Record<UpscaleStep, boolean>> = {
    crop: isCropped,
    network: model !== LANCZOS,
    mix: model !== LANCZOS && options.strength !== undefined,
    resize: isResized,
    sharpen: options.sharpen !== undefined,
  };
  return UPSCALE_STEPS.filter((step) => isDone[step]);
}
