/**
 * `npm run bench`: everything the README claims about speed and memory, measured in one run. Prints the tables and writes
 * them to bench/results.md, or results-avx2.md on a processor without VNNI (`bench/only-avx2.c` makes one of any). For the figures "on two cores": `taskset -c 0,1 npm run bench`.
 * `npm run bench -- embedded` leaves out the other network and memory, which take most of the time.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { againstBare, type Comparison } from './against-bare.js';
import { firstImage } from './first-image.js';
import { healthLatency } from './health-latency.js';
import { jobOverhead } from './job-overhead.js';
import { memoryTable } from './memory-table.js';
import { Pictures } from './pictures.js';
import { processor } from './processor.js';
import { PACKAGE_ROOT, Service } from './service.js';
import { SharedModel } from './shared-model.js';

const threads = availableParallelism();
const embeddedAlone = process.argv.includes('embedded');
const sections: string[] = [];
function section(title: string, text: string): void {
  sections.push(`## ${title}\n\n${text}\n`);
  console.log(`\n## ${title}\n\n${text}`);
}

/** The service with a network that is not our own, where its weights are on this machine. */
async function otherNetwork(sizes: Comparison['pictures']): Promise<void> {
  const shared = await SharedModel.open('realesr-general-x4v3');
  if (shared === undefined) {
    section(
      'realesr-general-x4v3 against a bare script',
      'Not measured: the weights are not on this machine.',
    );
  } else {
    const other = await Service.start({ MODELS_DIR: shared.folder });
    try {
      section(
        'realesr-general-x4v3 against a bare script',
        await againstBare(other, pictures.folder, {
          name: shared.name,
          model: { path: shared.path, input: 'input', output: 'output', dtype: 'float32', threads },
          pictures: sizes,
          pairs: 3,
        }),
      );
    } finally {
      await other.stop();
      await shared.close();
    }
  }
}

execFileSync('npm', ['run', '--silent', 'build'], { cwd: PACKAGE_ROOT, stdio: 'inherit' });
const pictures = await Pictures.open();
try {
  const small = await pictures.photo(256, 256);
  const sizes = [
    small,
    await pictures.photo(512, 512),
    await pictures.photo(1024, 1024),
    await pictures.photo(2048, 1365),
  ];
  section('Start', await firstImage(small, 5));

  const embedded: Comparison = {
    name: 'tessera-lite-x4',
    model: {
      path: join(PACKAGE_ROOT, 'models', 'tessera-lite-x4.onnx'),
      input: 'image',
      output: 'upscaled',
      dtype: 'uint8',
      threads,
    },
    pictures: sizes,
    pairs: 11,
  };
  const service = await Service.start();
  try {
    section(
      'The embedded model against a bare script',
      await againstBare(service, pictures.folder, embedded),
    );
    section('A job against /upscale', await jobOverhead(service, sizes.slice(0, 3), 9));
    section('Liveness under load', await healthLatency(service, await pictures.photo(2048, 1365)));
  } finally {
    await service.stop();
  }

  if (!embeddedAlone) {
    await otherNetwork(sizes);
    section('Peak memory, embedded model, ×4 to JPEG', await memoryTable(pictures));
  }
} finally {
  await pictures.close();
}

const { name, instructions, hidden } = processor();
const machine = `${name}, ${instructions}${hidden ? ' (newer instructions hidden by bench/only-avx2.c)' : ''}`;
writeFileSync(
  join(PACKAGE_ROOT, 'bench', instructions === 'AVX2' ? 'results-avx2.md' : 'results.md'),
  `# Benchmark results: ${instructions}

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${machine}, ${threads} threads, Node ${process.version}. Shared machines are noisy: ratios are
medians over alternating pairs of one run. "decode / infer / encode" are milliseconds, service / bare script; "blend" is what
the service spends between its tiles (cutting, joining, tileWorkers without a tile), "rest" what it spends outside of all that: HTTP both ways, the upload's file, the header check, messages between processes.

${sections.join('\n')}`,
);
