import type { Examined } from '../../models/examine/examine.js';
import { outputForm, type SampleRange, type TensorForm } from '../../models/manifest-entry.js';
import { textTable } from '../terminal/text-table.js';

/** The summary that `tessera models add` prints. */
export function summaryOf({ entry, microsecondsPerPixel }: Examined): string {
  const { name, scale, overlapPx, file, bytes } = entry;
  const takes = formOf(entry);
  const gives = formOf(outputForm(entry));
  const rows = [
    ['  scale', `×${scale}`],
    ['  takes', takes],
    ['  gives', gives === takes ? 'the same' : gives],
    ['  sides', sidesOf(entry.sizeRequirements)],
    ['  overlap', `${overlapPx} px, shared by neighbouring tiles`],
    ['  speed', speedOf(microsecondsPerPixel)],
    ['  file', `${file}, ${(bytes / 1e6).toFixed(1)} MB`],
  ];
  return `Added ${name}.\n${textTable(rows)}Ask for it with model=${name}, or put it into the chain: MODEL_CHAIN=${name},auto\n`;
}

const RANGES: Readonly<Record<SampleRange, string>> = { 1: '0 to 1', 255: '0 to 255', '-1..1': '-1 to 1' };

function formOf({ dtype, layout, range }: TensorForm): string {
  return `${dtype} ${layout.toUpperCase()}, ${RANGES[range]}`;
}

function sidesOf({ minimum, multipleOf, fixed }: Examined['entry']['sizeRequirements']): string {
  const grid = multipleOf === 1 ? '' : `, tiles at multiples of ${multipleOf}`;
  if (fixed !== undefined) return `${fixed.join('×')} px alone${grid}`;
  return multipleOf === 1 ? `any, from ${minimum} px` : `multiples of ${multipleOf}, from ${minimum} px`;
}

/** Microseconds for a pixel equal seconds for a megapixel. */
function speedOf(microsecondsPerPixel: number): string {
  const digits = microsecondsPerPixel < 10 ? 1 : 0;
  return `about ${microsecondsPerPixel.toFixed(digits)} s for a megapixel, by two processors of this machine`;
}
