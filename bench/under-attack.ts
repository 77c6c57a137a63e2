import { rm } from 'node:fs/promises';
import { makePictures, startAttack } from '../test/hostile/attack.js';
import { ANSWERED, REFUSED } from '../test/hostile/inputs/catalogue.js';
import { median, table } from './measure.js';
import { Pictures } from './pictures.js';
import { Service } from './service.js';

/**
 * What a good client pays for hostile neighbours: the time of a picture of 256², with and without four clients that upload one hostile
 * picture after the other, by turns in one run.
 *   npm run build && node build/bench/under-attack.js [words]
 * With words: only hostile pictures that have them in their names, each for itself. Without: all of them, round and round.
 */
const ATTACKERS = 4;
const ROUNDS = 3;
const PICTURES_EACH = 5;
const words = process.argv[2];

const all = [...REFUSED, ...ANSWERED];
const attacks =
  words === undefined
    ? [{ name: `all ${all.length} in turn`, pictures: all }]
    : all
        .filter(({ name }) => name.includes(words))
        .map((picture) => ({ name: `${picture.format}: ${picture.name}`, pictures: [picture] }));

const pictures = await Pictures.open();
const service = await Service.start({ TEMP_DIR: pictures.folder, LOG_LEVEL: 'error' });
const good = await pictures.photo(256, 256);

async function times(): Promise<number[]> {
  const ms: number[] = [];
  for (let number = 0; number < PICTURES_EACH; number++) ms.push((await service.upscale(good.bytes)).ms);
  return ms;
}

const rows: string[][] = [];
try {
  await times();
  for (const { name, pictures: hostile } of attacks) {
    const folder = await makePictures(hostile);
    const quietMs: number[] = [];
    const attackedMs: number[] = [];
    let answers = 0;
    for (let round = 0; round < ROUNDS; round++) {
      quietMs.push(...(await times()));
      const attack = startAttack(service.url, folder, ATTACKERS);
      await attack.until(1);
      attackedMs.push(...(await times()));
      answers += attack.answers.length;
      await attack.end();
    }
    await rm(folder, { recursive: true });
    rows.push([
      name,
      String(answers),
      median(quietMs).toFixed(0),
      median(attackedMs).toFixed(0),
      `**${(median(attackedMs) / median(quietMs)).toFixed(2)}**`,
      Math.max(...attackedMs).toFixed(0),
    ]);
    console.error(rows.at(-1)?.join(' | '));
  }
} finally {
  await service.stop();
  await pictures.close();
}
console.log(
  table(
    [
      'four attackers upload',
      'answers',
      'alone, median ms',
      'attacked, median ms',
      'ratio',
      'attacked, most ms',
    ],
    rows,
  ),
);
