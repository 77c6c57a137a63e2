import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boxesIn, walkBoxes } from '../../src/pipeline/containers/boxes.js';
import { Budget } from '../../src/pipeline/containers/budget.js';
import { Bytes, EndOfBytes } from '../../src/pipeline/containers/bytes.js';
import { readItems, readReferences } from '../../src/pipeline/containers/heif-items.js';
import { chunksOf } from '../../src/pipeline/containers/png-chunks.js';
import { entriesOf, layoutOf } from '../../src/pipeline/containers/tiff-directory.js';
import { scanExif } from '../../src/pipeline/scan/tiff/exif.js';
import { overlappingEntries } from '../hostile/inputs/exif.js';

/** A box of an ISO base media file. */
function box(type: string, content: Buffer, length = 8 + content.length): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}

const typesIn = (bytes: Buffer) => [...boxesIn(Bytes.of(bytes))].map(({ type }) => type);

describe('bytes', () => {
  const bytes = Bytes.of(Buffer.from([1, 2, 3, 4, 5, 6]));

  it('end where their buffer ends, also in a piece', () => {
    assert.equal(bytes.piece(4, 100).length, 2);
    assert.equal(bytes.piece(4, 2).u16(0), 0x0506);
    for (const read of [() => bytes.u32(3), () => bytes.piece(1, 2).u8(2), () => bytes.u8(-1)])
      assert.throws(read, EndOfBytes);
  });

  it('begin with a text only if they hold all of it', () => {
    assert.ok(Bytes.of(Buffer.from('Exif\0\0')).startsWith('Exif\0\0'));
    assert.ok(!Bytes.of(Buffer.from('Exif')).startsWith('Exif\0\0'));
  });
});

describe('boxes', () => {
  it('may take the rest of the file, and end at a length shorter than their header', () => {
    assert.deepEqual(
      typesIn(Buffer.concat([box('free', Buffer.alloc(2)), box('mdat', Buffer.alloc(9), 0)])),
      ['free', 'mdat'],
    );
    assert.deepEqual(
      typesIn(Buffer.concat([box('free', Buffer.alloc(2)), box('mdat', Buffer.alloc(9), 7)])),
      ['free'],
    );
  });

  it('are counted at every depth', () => {
    let nested = box('ispe', Buffer.alloc(0));
    for (let depth = 0; depth < 10; depth += 1) nested = box('moov', nested);
    const walk = (most: number) =>
      walkBoxes(Bytes.of(nested), new Budget('AVIF', most, 'boxes'), () => undefined);
    walk(11);
    assert.throws(() => walk(10), /more than 10 boxes/);
  });

  it('hold items and references; a cut-off reference of an unwanted type is not read', () => {
    const infe = box('infe', Buffer.from('\x02\0\0\x01\0\x07\0\0mime\0text/plain\0', 'latin1'));
    const iinf = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1]), infe, box('infe', Buffer.from([1]))]);
    assert.deepEqual(readItems(Bytes.of(iinf)), [
      { id: 7, type: 'mime', contentType: 'text/plain', hidden: true },
    ]);
    const dimg = box('dimg', Buffer.from([0, 1, 0, 2, 0, 3, 0, 4]));
    const iref = Bytes.of(Buffer.concat([Buffer.alloc(4), box('thmb', Buffer.alloc(1)), dimg]));
    assert.deepEqual(readReferences(iref, 'dimg'), [{ type: 'dimg', from: 1, to: [3, 4] }]);
    assert.throws(() => readReferences(iref), EndOfBytes);
  });
});

describe('chunks of a PNG', () => {
  it('end at IEND, or where the file ends', () => {
    const chunk = (type: string) => Buffer.from(`\0\0\0\x01${type}x\0\0\0\0`, 'latin1');
    const whole = Buffer.concat([Buffer.alloc(8), chunk('IDAT'), chunk('IEND'), chunk('tEXt')]);
    assert.deepEqual(
      [...chunksOf(Bytes.of(whole))].map(({ type, at, length }) => ({ type, at, length })),
      [{ type: 'IDAT', at: 8, length: 1 }],
    );
    assert.throws(() => [...chunksOf(Bytes.of(whole.subarray(0, 25)))], EndOfBytes);
  });
});

describe('a directory of TIFF', () => {
  it('has entries whose values lie in them or elsewhere, in the byte order of the file', () => {
    const bytes = Bytes.of(
      Buffer.from(
        'MM\0\x2a\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x01\x1a\0\x05\0\0\0\x01\0\0\0\x26',
        'latin1',
      ),
    );
    const layout = layoutOf(bytes);
    assert.ok(layout !== undefined);
    assert.deepEqual(
      [...entriesOf(bytes, layout.firstAt, layout)],
      [
        { at: 10, tag: 274, type: 3, count: 1, valueAt: 18, bytes: 2 },
        { at: 22, tag: 282, type: 5, count: 1, valueAt: 38, bytes: 8 },
      ],
    );
  });

  it('that is cut off is refused for the values of the entries before its end', () => {
    // Room for 1,000 of the 2,000 entries that it claims.
    const block = overlappingEntries(1000, 10_000).subarray(0, 10 + 1000 * 12);
    block.writeUInt16LE(2000, 8);
    assert.throws(() => scanExif(Bytes.of(block), 'JPEG'), /bytes of EXIF values/);
  });
});
