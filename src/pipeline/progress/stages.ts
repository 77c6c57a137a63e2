import { statSync } from 'node:fs';
import { LANCZOS, type Provider, type UpscaleProgress } from '../../domain/types.js';
import type { LoadedCandidate } from '../../models/fallback/loaded-candidate.js';
import { RowProgress } from './row-progress.js';
import { TileProgress } from './tile-progress.js';

/** Listeners are promised a word every second. */
const MAX_SILENCE_MS = 900;

/** What counts the pieces of a drawing. */
export interface Counter {
  count(done: number, total: number): void;
  /** Tells no more. */
  stop(): void;
}

/** Tells what a job is at: each stage by its name, with what is done of it where that can be counted. */
export class Stages {
  constructor(private readonly tell: (progress: UpscaleProgress) => void) {}

  /** Reading: libvips says nothing until it is done. @returns what counts rows, where something else decodes. */
  reading(): RowProgress {
    this.tell({ stage: 'decode', tilesDone: 0, tilesTotal: 0 });
    return new RowProgress((rows) => this.tell({ stage: 'decode', tilesDone: 0, tilesTotal: 0, ...rows }));
  }

  /** A candidate is chosen, and is yet to be loaded. @param provider undefined for plain resampling. */
  chosen(model: string, provider: Provider | undefined): void {
    const none = { tilesDone: 0, tilesTotal: 0, model };
    this.tell(
      provider === undefined ? { stage: 'resample', ...none } : { stage: 'infer', ...none, provider },
    );
  }

  /** Drawing: by a network tile by tile, by plain resampling row by row. */
  drawing(candidate: LoadedCandidate): Counter {
    if (candidate.kind === 'lanczos') {
      const none = { tilesDone: 0, tilesTotal: 0, model: LANCZOS };
      const rows = new RowProgress((done) => this.tell({ stage: 'resample', ...none, ...done }));
      return { count: (done, total) => rows.count(done, total), stop: () => undefined };
    }
    const { model, tileWorkers } = candidate;
    const { name } = model.entry;
    return new TileProgress(tileWorkers, (tiles) =>
      this.tell({ stage: 'infer', ...tiles, model: name, provider: model.provider }),
    );
  }

  /**
   * Writing: libvips says nothing until it is done. Told are the time that is left, and what of the file is there: PNG and TIFF
   * are written row by row, others at once.
   * @param tiles computed. @param expectedMs by results of the same format; undefined before there was one.
   * @returns what ends the telling.
   */
  writing(tiles: number, resultPath: string, expectedMs: number | undefined): () => void {
    const startedMs = performance.now();
    let bytesWritten = 0;
    const tell = () => {
      const leftMs = (expectedMs ?? 0) - (performance.now() - startedMs);
      this.tell({
        stage: 'encode',
        tilesDone: tiles,
        tilesTotal: tiles,
        ...(bytesWritten === 0 ? {} : { bytesWritten }),
        // What takes longer than was expected is not told to be at its end.
        ...(leftMs > 0 ? { secondsLeft: leftMs / 1000 } : {}),
      });
    };
    tell();
    const timer = setInterval(() => {
      bytesWritten = statSync(resultPath, { throwIfNoEntry: false })?.size ?? 0;
      tell();
    }, MAX_SILENCE_MS);
    return () => clearInterval(timer);
  }
}
