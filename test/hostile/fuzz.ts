import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TesseraError } from '../../src/domain/errors.js';
import { INPUT_FORMATS, type InputFormat } from '../../src/domain/types.js';
import { HeaderPool } from '../../src/engine/headers/header-pool.js';
import { launchHeaderProcess } from '../../src/engine/headers/launch.js';
import { packageRoot } from '../../src/host/package-root.js';
import { scanStructure } from '../../src/pipeline/scan/scan.js';
import { SILENT } from '../engine/rig.js';
import { limits } from '../pipeline/stage.js';
import { mutated, randomNumbers } from './mutate.js';
import { seeds } from './seeds.js';

/**
 * `npm run fuzz [minutes] [seed]`: pictures with changed bytes against the scan and the header processes, an hour at most. Looks for scans that
 * fail or take long, processes that die, hang or take too much memory, and answers that blame the service. What it finds is kept in
 * `build/fuzz`; the exit code is then 1.
 */

const MAX_MINUTES = 60;
const DEFAULT_MINUTES = 10;
/** A scan of 4 MB takes some milliseconds. */
const MAX_SCAN_MS = 500;
const MAX_PROCESS_KB = 256 * 1024;
/** How often progress is told, in pictures. */
const TELL_EVERY = 10_000;

const minutes = Math.min(MAX_MINUTES, Number(process.argv[2] ?? DEFAULT_MINUTES));
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32);
const findingsFolder = join(packageRoot(), 'build/fuzz');

const children = new Set<ChildProcess>();
const pool = new HeaderPool({
  processes: 1,
  limits,
  deadlineMs: 2000,
  log: SILENT,
  launch: () => {
    const child = launchHeaderProcess(process.env, limits.maxInputPixels);
    children.add(child.once('exit', () => children.delete(child)));
    return child;
  },
});

/** @returns what is wrong with how this picture is read; undefined when nothing is. */
async function fault(
  path: string,
  format: InputFormat,
  outcomes: Map<string, number>,
): Promise<string | undefined> {
  const startedMs = performance.now();
  let outcome = 'read';
  try {
    scanStructure(path, format, limits);
  } catch (thrown) {
    if (!(thrown instanceof TesseraError)) return `the scan threw ${String(thrown)}`;
  }
  if (performance.now() - startedMs > MAX_SCAN_MS) return `the scan took ${performance.now() - startedMs} ms`;
  try {
    await pool.read(path);
  } catch (thrown) {
    const error = TesseraError.from(thrown);
    outcome = error.code;
    if (/Reading the header/.test(error.message)) return `${error.message} ${error.internal ?? ''}`;
    if (error.code === 'internal') return error.internal;
  }
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  for (const child of children) {
    const peakKb = peakMemoryKb(child);
    if (peakKb <= MAX_PROCESS_KB) continue;
    // A new process tells of the next pictures alone.
    child.kill('SIGKILL');
    return `a header process took ${peakKb} kB`;
  }
  return undefined;
}

function peakMemoryKb({ pid }: ChildProcess): number {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const random = randomNumbers(seed);
const pick = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('Nothing to pick from');
  return item;
};
const folder = await mkdtemp(join(tmpdir(), 'tessera-fuzz-'));
const path = join(folder, 'source');
const corpus = await seeds();
const outcomes = new Map<string, number>();
let findings = 0;
let count = 0;
console.log(`seed ${seed}, ${minutes} min`);
for (const endMs = performance.now() + minutes * 60_000; performance.now() < endMs; count++) {
  const format = pick(INPUT_FORMATS);
  const picture = mutated(pick(corpus[format]), pick(corpus[format]), random);
  await writeFile(path, picture);
  const found = await fault(path, format, outcomes);
  if (found !== undefined) {
    findings += 1;
    await mkdir(findingsFolder, { recursive: true });
    await writeFile(join(findingsFolder, `${seed}-${count}.${format}`), picture);
    console.log(`${format} ${count}: ${found}`);
  }
  if (count % TELL_EVERY === TELL_EVERY - 1)
    console.log(`${count + 1} pictures`, Object.fromEntries(outcomes));
}
console.log(`${count} pictures, ${findings} findings`, Object.fromEntries(outcomes));
await pool.close();
await rm(folder, { recursive: true });
process.exitCode = findings === 0 ? 0 : 1;
