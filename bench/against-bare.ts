import { join } from 'node:path';
import type { BareModel, BareTimes } from './bare.js';
import { BareProcess } from './bare-process.js';
import { median, paired, table } from './measure.js';
import type { Picture } from './pictures.js';
import type { Service } from './service.js';

export interface Comparison {
  readonly name: string;
  readonly model: BareModel;
  readonly pictures: readonly Picture[];
  readonly pairs: number;
}

/** `POST /upscale` to the last byte read by a client, against the bare script on the same picture; JPEG at quality 95. */
export async function againstBare(service: Service, folder: string, comparison: Comparison): Promise<string> {
  const bare = await BareProcess.start(comparison.model);
  const rows: string[][] = [];
  try {
    for (const picture of comparison.pictures) {
      const serverTimings: string[] = [];
      const bareTimes: BareTimes[] = [];
      const result = await paired(
        comparison.pairs,
        async () => {
          const answer = await service.upscale(
            picture.bytes,
            `?model=${comparison.name}&format=jpeg&timeout=600`,
          );
          const served = answer.headers.get('x-upscale-model');
          if (served !== comparison.name)
            throw new Error(`${served} answered instead of ${comparison.name}.`);
          serverTimings.push(answer.headers.get('server-timing') ?? '');
          return answer.ms;
        },
        async () => {
          const times = await bare.upscale({ source: picture.path, result: join(folder, 'bare.jpg') });
          bareTimes.push(times);
          return times.totalMs;
        },
      );
      const stage = (name: string) =>
        median(
          serverTimings.map((text) => Number(text.match(new RegExp(`${name};dur=([0-9.]+)`))?.[1] ?? 'NaN')),
        );
      const bareStage = (key: keyof BareTimes) => median(bareTimes.map((times) => times[key]));
      const phases = ['queue', 'decode', 'infer', 'blend', 'encode', 'turns'];
      const staged = phases.reduce((sum, name) => sum + stage(name), 0);
      rows.push([
        comparison.name,
        picture.label,
        result.aMs.toFixed(0),
        result.bMs.toFixed(0),
        `**${result.ratio.toFixed(2)}** (${result.ratioMin.toFixed(2)}–${result.ratioMax.toFixed(2)})`,
        `${stage('decode').toFixed(0)} / ${bareStage('decodeMs').toFixed(0)}`,
        `${stage('infer').toFixed(0)} / ${bareStage('inferMs').toFixed(0)}`,
        `${stage('encode').toFixed(0)} / ${bareStage('encodeMs').toFixed(0)}`,
        stage('blend').toFixed(0),
        (result.aMs - staged).toFixed(0),
      ]);
    }
  } finally {
    bare.stop();
  }
  return table(
    [
      'model',
      'input',
      'service ms',
      'bare ms',
      'service ÷ bare (min–max)',
      'decode',
      'infer',
      'encode',
      'blend',
      'rest',
    ],
    rows,
  );
}
