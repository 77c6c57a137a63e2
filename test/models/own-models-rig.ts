import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { SHIPPED_MODELS } from './shipped-models.js';

/** A new models folder for each test of the suite that calls this, with the shipped manifest alone, in a folder for other files. */
export function ownModels() {
  const home = { path: '', models: '' };
  beforeEach(async () => {
    home.path = await mkdtemp(join(tmpdir(), 'tessera-own-'));
    home.models = join(home.path, 'models');
    await mkdir(home.models);
    await copyFile(join(SHIPPED_MODELS, 'manifest.json'), join(home.models, 'manifest.json'));
  });
  afterEach(() => rm(home.path, { recursive: true }));
  return {
    home,
    /** Writes a file outside the models folder. @returns its path. */
    async fileOf({ bytes }: { readonly bytes: Uint8Array }, name = 'network.onnx'): Promise<string> {
      await writeFile(join(home.path, name), bytes);
      return join(home.path, name);
    },
    /** Names and contents of the models folder. */
    async snapshot(): Promise<Record<string, string>> {
      const names = (await readdir(home.models)).sort();
      return Object.fromEntries(
        await Promise.all(
          names.map(async (name) => [name, await readFile(join(home.models, name), 'latin1')] as const),
        ),
      );
    },
  };
}
