import sharp from 'sharp';

/** What sharp may read: the accepted formats, and libvips' own format for the canvas that we write ourselves. */
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
 * Blocks every other loader of libvips by name, in the whole process, and turns its cache off: it goes by path, and a
 * file that was replaced would still be the old image. `sniff` decides before any loader sees an upload; this is the
 * second lock. VIPS_BLOCK_UNTRUSTED is no help, it blocks libvips' own format too.
 * @param threads libvips' threads for one image.
 */
export function restrictLoaders(threads: number): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ALLOWED_LOADERS });
  sharp.cache(false);
  sharp.concurrency(threads);
}
