// Time per input pixel of several models, taken in turns in one run, so that a busy machine slows them all alike. With one thread the
// processor's own time is told too, which waits for nobody: the figure to read on a machine that others use.
// node speed.mjs THREADS ROUNDS MODEL...      (needs the project's node_modules)
import { basename } from 'node:path';
import ort from 'onnxruntime-node';

const [threads, rounds, ...files] = process.argv.slice(2);
const sessions = [];
for (const file of files) {
  sessions.push(await ort.InferenceSession.create(file, { intraOpNumThreads: Number(threads) }));
}

/** A picture of noise in the layout that the model takes. */
function noise(name, side) {
  const count = 3 * side * side;
  return name === 'image'
    ? new ort.Tensor('uint8', Uint8Array.from({ length: count }, () => Math.random() * 256), [1, side, side, 3])
    : new ort.Tensor('float32', Float32Array.from({ length: count }, () => Math.random()), [1, 3, side, side]);
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

const alone = threads === '1';
console.log(`| model, ${threads} threads | tile | µs per input pixel, median | least | share of the first |${alone ? ' processor time, median | share |' : ''}`);
console.log(`|---|---|---|---|---|${alone ? '---|---|' : ''}`);
for (const side of (process.env.SIDES ?? '128,256,512').split(',').map(Number)) {
  const inputs = sessions.map((s) => noise(s.inputNames[0], side));
  const times = sessions.map(() => []);
  const processor = sessions.map(() => []);
  for (let round = -1; round < Number(rounds); round++) {
    for (let i = 0; i < sessions.length; i++) {
      // The threads of the model before spin for a while, on the cores that are to be measured.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await sessions[i].run({ [sessions[i].inputNames[0]]: inputs[i] });
      const start = performance.now();
      const used = process.cpuUsage();
      await sessions[i].run({ [sessions[i].inputNames[0]]: inputs[i] });
      if (round < 0) continue;
      times[i].push(((performance.now() - start) * 1000) / (side * side));
      const { user, system } = process.cpuUsage(used);
      processor[i].push((user + system) / (side * side));
    }
  }
  const medians = times.map(median);
  const own = processor.map(median);
  files.forEach((file, i) => {
    const share = (medians[i] / medians[0]).toFixed(3);
    const more = alone ? ` ${own[i].toFixed(2)} | ${(own[i] / own[0]).toFixed(3)} |` : '';
    console.log(`| ${basename(file)} | ${side}² | ${medians[i].toFixed(2)} | ${Math.min(...times[i]).toFixed(2)} | ${share} |${more}`);
  });
}
