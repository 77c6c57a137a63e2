// Runs a command, then tells how much of the service its processes ran: `node scripts/with-coverage.mjs <command> [arguments]`.
// The exit code is that of the command. Writing the reports costs about an eighth of the processors' time.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Tally } from './coverage-tally.mjs';

/** So much less than the tests reach that only a part of them can have run. */
const LEAST_PERCENT = 75;
const LISTED_FILES = 10;
/** How often reports are taken up; together they would fill a gigabyte. */
const EVERY_MS = 1000;

const root = fileURLToPath(new URL('..', import.meta.url));
const code = join(root, 'build/src');
const texts = new Map();
for (const entry of readdirSync(code, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  // The page's scripts run in a browser, which writes no reports.
  if (entry.isFile() && path.endsWith('.js') && !path.startsWith(join(code, 'web/assets')))
    texts.set(pathToFileURL(path).href, readFileSync(path, 'utf8'));
}
const tally = new Tally(texts);

const reports = mkdtempSync(join(tmpdir(), 'tessera-coverage-'));

function takeReports() {
  for (const name of readdirSync(reports)) {
    const path = join(reports, name);
    let report;
    try {
      report = JSON.parse(readFileSync(path, 'utf8'));
    } catch {
      // Still being written, or cut off by the end of its process.
      continue;
    }
    tally.add(report);
    rmSync(path);
  }
}

const percent = ([run, all]) => (100 * run) / Math.max(1, all);
const sum = (pairs) => pairs.reduce(([run, all], pair) => [run + pair[0], all + pair[1]], [0, 0]);

/** @returns the percentage of lines. */
function tell() {
  const counts = tally.counts();
  const total = (kind) => percent(sum(counts.map((file) => file[kind])));
  const shown = ['lines', 'blocks', 'functions'].map((kind) => `${total(kind).toFixed(1)} % of ${kind}`);
  console.log(
    `\nOf src/ without the page's scripts, the tests and the processes they started ran ${shown.join(', ')}.`,
  );
  console.log('Least covered, by lines that were not run:');
  const missing = ({ lines: [run, all] }) => all - run;
  for (const file of counts.sort((a, b) => missing(b) - missing(a)).slice(0, LISTED_FILES)) {
    const path = relative(code, fileURLToPath(file.url)).replace(/\.js$/, '.ts');
    console.log(
      `${percent(file.lines).toFixed(1).padStart(7)} %  ${String(missing(file)).padStart(4)} lines  src/${path}`,
    );
  }
  return total('lines');
}

const [command = '', ...commandArguments] = process.argv.slice(2);
const child = spawn(command, commandArguments, {
  stdio: 'inherit',
  env: { ...process.env, NODE_V8_COVERAGE: reports },
});
// A terminal sends Ctrl-C to the command as well; this process waits for its end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
const taking = setInterval(takeReports, EVERY_MS);
child.once('error', (error) => {
  rmSync(reports, { recursive: true });
  throw error;
});
child.once('close', (status, signal) => {
  clearInterval(taking);
  takeReports();
  rmSync(reports, { recursive: true });
  const covered = tell();
  process.exitCode = status ?? 128 + constants.signals[signal];
  if (process.exitCode === 0 && covered < LEAST_PERCENT) {
    console.error(`That is less than ${LEAST_PERCENT} % of lines: tests cannot have run.`);
    process.exitCode = 1;
  }
});
