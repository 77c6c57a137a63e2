import sharp from 'sharp';

/** Loaders that sharp may use: of the accepted formats, and of libvips' own format for canvases. */
const ALLOWED_LOADERS = [
  'VipsForeignLoadJpeg',
  'VipsForeignLoadPng',
  'VipsForeignLoadWebp',
  'VipsForeignLoadTiff',
  'VipsForeignLoadHeif',
  'VipsForeignLoadNsgif',
  'VipsForeignLoadVips',
];

/**
 * Blocks every other loader of libvips by name, in the whole process, and turns its cache off: the cache goes by
 * path, and would return the old image of a replaced file. `sniff` decides before any loader sees an upload; this is
 * the second barrier. VIPS_BLOCK_UNTRUSTED does not help, because it blocks libvips' own format too.
 * @param threads libvips' threads for one image.
 */
export function restrictLoaders(threads: number): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ALLOWED_LOADERS });
  sharp.cache(false);
  sharp.concurrency(threads);
}
