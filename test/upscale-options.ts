import type { UpscaleOptions } from '../src/domain/types.js';

/** The options of a test's task or request where nothing else is said: the service's own, but with a generous time. */
export const OPTIONS: UpscaleOptions = {
  format: 'auto',
  accept: [],
  quality: 95,
  tileSizePx: 512,
  background: [255, 255, 255],
  metadata: 'strip',
  fallback: true,
  timeoutSeconds: 600,
};
