/** Adds boxes to the AVIF files that sharp writes (version 0 lists, offsets of 4 bytes; ISO/IEC 14496-12). */

import { box, u16 } from '../hostile/inputs/avif-boxes.js';

interface Place {
  readonly at: number;
  readonly length: number;
}

/** Bytes between the header of a container and its first box. */
const BEFORE: Readonly<Record<string, number>> = { meta: 4 };

/** Where a box lies, by the types of the boxes around it and its own. */
function find(file: Buffer, path: readonly string[]): Place[] {
  let [from, end] = [0, file.length];
  const places: Place[] = [];
  for (const type of path) {
    let place: Place | undefined;
    for (let at = from; at + 8 <= end; at += file.readUInt32BE(at))
      if (file.toString('latin1', at + 4, at + 8) === type) place = { at, length: file.readUInt32BE(at) };
    if (place === undefined) throw new Error(`There is no box ${path.join('/')}`);
    places.push(place);
    from = place.at + 8 + (BEFORE[type] ?? 0);
    end = place.at + place.length;
  }
  return places;
}

/** A copy with bytes put in at a place, where the boxes around it and the offsets of the items know of them. */
function inserted(file: Buffer, around: readonly Place[], at: number, bytes: Buffer): Buffer {
  const longer = Buffer.concat([file.subarray(0, at), bytes, file.subarray(at)]);
  for (const place of around) longer.writeUInt32BE(place.length + bytes.length, place.at);
  const iloc = find(longer, ['meta', 'iloc']).at(-1);
  if (iloc === undefined || longer.readUInt16BE(iloc.at + 12) !== 0x4440)
    throw new Error('An unknown kind of iloc');
  for (let item = 0, entry = iloc.at + 16; item < longer.readUInt16BE(iloc.at + 14); item += 1) {
    const extents = longer.readUInt16BE(entry + 8);
    for (let extent = 0, offset = entry + 10; extent < extents; extent += 1, offset += 8)
      longer.writeUInt32BE(longer.readUInt32BE(offset) + bytes.length, offset);
    entry += 10 + extents * 8;
  }
  return longer;
}

function appended(file: Buffer, path: readonly string[], bytes: Buffer): Buffer {
  const around = find(file, path);
  const last = around.at(-1);
  if (last === undefined) throw new Error('A path has at least one box');
  return inserted(file, around, last.at + last.length, bytes);
}

/** The same picture, said to have these colours (code points of ITU-T H.273). */
export function withColour(avif: Buffer, primaries: number, transfer: number): Buffer {
  const colr = box('colr', Buffer.from('nclx'), u16(primaries, transfer, 6), Buffer.from([0x80]));
  const file = appended(avif, ['meta', 'iprp', 'ipco'], colr);
  const [ipco] = find(file, ['meta', 'iprp', 'ipco']).slice(-1);
  const around = find(file, ['meta', 'iprp', 'ipma']);
  const ipma = around.at(-1);
  if (ipco === undefined || ipma === undefined) throw new Error('There are no properties');
  let properties = 0;
  for (let at = ipco.at + 8; at < ipco.at + ipco.length; at += file.readUInt32BE(at)) properties += 1;
  // The first entry is the primary item's: its id, how many properties it has, and these.
  const counted = ipma.at + 18;
  const count = file.readUInt8(counted);
  const longer = inserted(file, around, counted + 1 + count, Buffer.from([properties]));
  longer.writeUInt8(count + 1, counted);
  return longer;
}

/** The same picture, whose colours are said to be multiplied with alpha. */
export function premultiplied(avif: Buffer): Buffer {
  return appended(avif, ['meta', 'iref'], box('prem', u16(1, 1, 2)));
}

/** 32 x 32 pixels of brightness alone in video range, black at the left, white at the right: `avifenc --range limited --yuv 400 --min 0 --max 0`. */
export const VIDEO_RANGE_GREY = Buffer.from(
  '0000001c667479706176696600000000617669666d6966316d696166000000f06d657461000000000000002868646c72' +
    '0000000000000000706963740000000000000000000000006c696261766966000000000e7069746d0000000000010000' +
    '001e696c6f630000000044000001000100000001000001140000001c0000002869696e660000000000010000001a696e' +
    '6665020000000001000061763031436f6c6f72000000006869707270000000496970636f000000146973706500000000' +
    '00000020000000200000000e706978690000000001080000000c6176314381001c0000000013636f6c726e636c780001' +
    '000d0006000000001769706d61000000000000000100010401028304000000246d64617412000a0818113ff618086831' +
    '320e100081f58284818dad48ca55cfa0',
  'hex',
);
