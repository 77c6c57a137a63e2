// Writes size and sha256 of the embedded model files into models/manifest.json, after new weights have been put there.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'models');
const path = join(folder, 'manifest.json');
const manifest = JSON.parse(readFileSync(path, 'utf8'));
for (const entry of manifest.models) {
  const file = join(folder, entry.file);
  // Models with a URL are pinned to what was published, never to what lies here.
  if (entry.url !== undefined || !existsSync(file)) continue;
  const bytes = readFileSync(file);
  entry.bytes = bytes.length;
  entry.sha256 = createHash('sha256').update(bytes).digest('hex');
  console.log(`${entry.name}: ${entry.bytes} bytes, sha256 ${entry.sha256}`);
}
writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
