import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function packageRoot(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : packageRoot(dirname(from));
}

/** The package root: the folder of package.json, whether this runs from `build/` or elsewhere. */
export const PACKAGE_ROOT = packageRoot(dirname(fileURLToPath(import.meta.url)));

/** The models folder that is shipped, with the embedded weights. */
export const SHIPPED_MODELS = join(PACKAGE_ROOT, 'models');

/** The embedded networks: each in int8, and its float32 twin. */
export const SHIPPED_NAMES = [
  'tessera-lite-x4',
  'tessera-lite-x4-f32',
  'tessera-mini-x4',
  'tessera-mini-x4-f32',
] as const;
