import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHIPPED_NAMES } from '../models/shipped-models.js';
import {
  type Figures,
  type FiguresOfModels,
  figuresOf,
  goldenFigures,
  PHOTOS,
  writeGoldenFigures,
} from './figures.js';

/** Measures the shipped models anew and makes what they reach the golden figures; tells what has changed. */
const before: FiguresOfModels = await goldenFigures().catch(() => ({}));
const folder = await mkdtemp(join(tmpdir(), 'tessera-figures-'));
const now: Record<string, Record<string, Figures>> = {};
try {
  for (const name of SHIPPED_NAMES) {
    const ofModel: Record<string, Figures> = {};
    for (const photo of PHOTOS) {
      const figures = await figuresOf(name, photo, folder);
      const old = before[name]?.[photo];
      ofModel[photo] = figures;
      console.log(`${name}, ${photo}: ${JSON.stringify(old ?? {})} -> ${JSON.stringify(figures)}`);
    }
    now[name] = ofModel;
  }
} finally {
  await rm(folder, { recursive: true });
}
await writeGoldenFigures(now);
