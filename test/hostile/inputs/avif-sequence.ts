/** Writers of AVIF image sequences that no honest program makes; by ISO/IEC 14496-12 and AVIF. */

import { box, CONFIGURATION, fullBox, KEY_FRAME, SIDE, u16, u32 } from './avif-boxes.js';

/** An image sequence whose tables claim, or hold, very many samples. @param listed whether each sample's size is listed. */
export function sequenceSamples(samples: number, listed: boolean): Buffer {
  const sizes = listed
    ? [u32(0, samples), Buffer.alloc(samples * 4, u32(KEY_FRAME.length))]
    : [u32(KEY_FRAME.length, samples)];
  const entry = box(
    'av01',
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(16),
    u16(SIDE, SIDE),
    u32(0x480000, 0x480000, 0),
    u16(1),
    Buffer.alloc(32),
    u16(24, 0xffff),
    box('av1C', CONFIGURATION),
  );
  const table = (mdatAt: number) =>
    box(
      'stbl',
      fullBox('stsd', 0, u32(1), entry),
      fullBox('stts', 0, u32(1, samples, 1)),
      fullBox('stsc', 0, u32(1, 1, samples, 1)),
      fullBox('stsz', 0, ...sizes),
      fullBox('stco', 0, u32(1, mdatAt)),
    );
  const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
  const movie = (mdatAt: number) =>
    box(
      'moov',
      fullBox(
        'mvhd',
        0,
        u32(0, 0, 1000, samples, 0x10000),
        u16(0x100, 0),
        u32(0, 0),
        matrix,
        Buffer.alloc(24),
        u32(2),
      ),
      box(
        'trak',
        fullBox(
          'tkhd',
          0,
          u32(0, 0, 1, 0, samples, 0, 0),
          u16(0, 0, 0, 0),
          matrix,
          u32(SIDE * 65_536, SIDE * 65_536),
        ),
        box(
          'mdia',
          fullBox('mdhd', 0, u32(0, 0, 1000, samples), u16(0, 0)),
          fullBox('hdlr', 0, Buffer.from('\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1')),
          box(
            'minf',
            fullBox('vmhd', 0, Buffer.alloc(8)),
            box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 0))),
            table(mdatAt),
          ),
        ),
      ),
    );
  const type = box('ftyp', Buffer.from('avif\0\0\0\0avismsf1mif1miaf', 'latin1'));
  const mdatAt = type.length + movie(0).length + 8;
  return Buffer.concat([type, movie(mdatAt), box('mdat', KEY_FRAME)]);
}
