import sharp from 'sharp';

/** The profile of Display P3 that libvips brings. */
export async function displayP3(): Promise<Buffer> {
  const { icc } = await sharp(
    await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
      .withIccProfile('p3')
      .png()
      .toBuffer(),
  ).metadata();
  if (icc === undefined) throw new Error('libvips tagged nothing');
  return icc;
}

/** The smallest profile of linear grey: a white point and a curve that is a straight line (ICC.1:2001-04). */
export function linearGrey(): Buffer {
  const white = Buffer.concat([
    Buffer.from('XYZ \0\0\0\0', 'latin1'),
    Buffer.from('0000f6d60001000000 00d32d'.replace(' ', ''), 'hex'),
  ]);
  const curve = Buffer.from('curv\0\0\0\0\0\0\0\0', 'latin1');
  const text = Buffer.concat([Buffer.from('text\0\0\0\0', 'latin1'), Buffer.from('none\0\0\0\0', 'latin1')]);
  const description = Buffer.concat([
    Buffer.from('desc\0\0\0\0\0\0\0\x05grey\0', 'latin1'),
    Buffer.alloc(8 + 3 + 67 + 4),
  ]);
  const tags: readonly (readonly [string, Buffer])[] = [
    ['desc', description],
    ['wtpt', white],
    ['kTRC', curve],
    ['cprt', text],
  ];
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length, 0);
  let at = 128 + table.length;
  for (const [index, [name, data]] of tags.entries()) {
    table.write(name, 4 + index * 12, 'latin1');
    table.writeUInt32BE(at, 8 + index * 12);
    table.writeUInt32BE(data.length, 12 + index * 12);
    at += data.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.write('\x02\x40\0\0mntrGRAYXYZ ', 8, 'latin1');
  header.write('acsp', 36, 'latin1');
  Buffer.from('0000f6d6000100000000d32d', 'hex').copy(header, 68);
  return Buffer.concat([header, table, ...tags.map(([, data]) => data)]);
}
