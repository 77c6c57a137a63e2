import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from './service.js';

interface ManifestFile {
  readonly models: readonly { readonly name: string; readonly file: string }[];
}

/**
 * Weights from `../shared/models` (or `TESSERA_SHARED`) under the name of a manifest entry, in a models folder of their own
 * beside the embedded ones. They were converted from other published weights, so the entry gets their own hash and size.
 */
export class SharedModel {
  private constructor(
    readonly name: string,
    readonly folder: string,
    readonly path: string,
  ) {}

  /** @returns undefined where the weights are not on this machine. */
  static async open(name: string): Promise<SharedModel | undefined> {
    const shared = process.env.TESSERA_SHARED ?? join(PACKAGE_ROOT, '..', 'shared');
    const path = join(shared, 'models', `${name}.onnx`);
    if (!existsSync(path)) return undefined;
    const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-models-'));
    const models = join(PACKAGE_ROOT, 'models');
    const manifest = JSON.parse(await readFile(join(models, 'manifest.json'), 'utf8')) as ManifestFile;
    const weights = await readFile(path);
    const entries = manifest.models.map((entry) =>
      entry.name === name
        ? { ...entry, bytes: weights.byteLength, sha256: createHash('sha256').update(weights).digest('hex') }
        : entry,
    );
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ models: entries }));
    for (const entry of entries) {
      if (entry.name === name) await symlink(path, join(folder, entry.file));
      else if (existsSync(join(models, entry.file)))
        await copyFile(join(models, entry.file), join(folder, entry.file));
    }
    return new SharedModel(name, folder, path);
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
