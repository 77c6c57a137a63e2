import { damaged, excess } from '../../refusals.js';

/** Types of NAL units below this one are slices (ITU-T H.265, table 7-1). */
const FIRST_OTHER_TYPE = 32;

/** HEVC allows 600 slices in a picture (ITU-T H.265, A.4.1). */
const MAX_UNITS = 5000;

/**
 * The NAL units of a picture: its parameter sets, then its data.
 * @param configuration content of `hvcC` (ISO/IEC 14496-15, 8.3.3).
 * @param data units, each preceded by its length.
 * @throws TesseraError corrupt_image; unsupported_image for very many.
 */
export function nalUnits(configuration: Buffer, data: Buffer): Buffer[] {
  const lengthBytes = ((configuration[21] ?? 0) & 3) + 1;
  const units = parameterSets(configuration);
  for (const unit of unitsOf(data, lengthBytes)) {
    units.push(unit);
    if (units.length > MAX_UNITS) throw excess('HEIC', `more than ${MAX_UNITS} pieces of a tile`);
  }
  return units;
}

/**
 * Whether a unit holds blocks of the picture.
 * @param unit at least two bytes.
 */
export function isSlice(unit: Buffer): boolean {
  return unit.readUInt8(0) >> 1 < FIRST_OTHER_TYPE;
}

/** Arrays of NAL units. */
function parameterSets(configuration: Buffer): Buffer[] {
  const sets: Buffer[] = [];
  let at = 23;
  for (let arrays = configuration[22] ?? 0; arrays > 0; arrays--) {
    if (at + 3 > configuration.length) throw damaged('HEIC', 'parameter sets are cut off');
    const count = configuration.readUInt16BE(at + 1);
    at += 3;
    for (let index = 0; index < count; index++) {
      if (at + 2 > configuration.length) throw damaged('HEIC', 'parameter sets are cut off');
      const end = at + 2 + configuration.readUInt16BE(at);
      if (end > configuration.length) throw damaged('HEIC', 'parameter sets are cut off');
      sets.push(configuration.subarray(at + 2, end));
      at = end;
    }
  }
  return sets;
}

function* unitsOf(data: Buffer, lengthBytes: number): Generator<Buffer> {
  for (let at = 0; at < data.length; ) {
    if (at + lengthBytes > data.length) throw damaged('HEIC', 'a NAL unit is cut off');
    const start = at + lengthBytes;
    const end = start + data.readUIntBE(at, lengthBytes);
    // The header of a unit has two bytes.
    if (end > data.length || end < start + 2) throw damaged('HEIC', 'a NAL unit is cut off');
    yield data.subarray(start, end);
    at = end;
  }
}
