// Time per input pixel of several models, taken in turns in one run, so that a busy machine slows them all alike.
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

console.log(`| model, ${threads} threads | tile | µs per input pixel, median | least | share of the first |`);
console.log('|---|---|---|---|---|');
for (const side of [128, 256, 512]) {
  const inputs = sessions.map((s) => noise(s.inputNames[0], side));
  const times = sessions.map(() => []);
  for (let round = -1; round < Number(rounds); round++) {
    for (let i = 0; i < sessions.length; i++) {
      // The threads of the model before spin for a while, on the cores that are to be measured.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await sessions[i].run({ [sessions[i].inputNames[0]]: inputs[i] });
      const start = performance.now();
      await sessions[i].run({ [sessions[i].inputNames[0]]: inputs[i] });
      if (round >= 0) times[i].push(((performance.now() - start) * 1000) / (side * side));
    }
  }
  const medians = times.map(median);
  files.forEach((file, i) => {
    const share = (medians[i] / medians[0]).toFixed(3);
    console.log(`| ${basename(file)} | ${side}² | ${medians[i].toFixed(2)} | ${Math.min(...times[i]).toFixed(2)} | ${share} |`);
  });
}
