import { statSync } from 'node:fs';
import { LANCZOS, type Provider, type UpscaleProgress } from '../../domain/types.js';
import type { LoadedCandidate } from '../../models/fallback/loaded-candidate.js';
import { RowProgress } from './row-progress.js';
import { MAX_SILENCE_MS, TileProgress } from './tile-progress.js';

/** Counts the tiles or the rows of a drawing. */
export interface Counter {
  /** @param leftMs for the others, where it is known. */
  count(done: number, total: number, leftMs?: number): void;
  /** Reports no more. */
  stop(): void;
}

const NO_TILES = { tilesDone: 0, tilesTotal: 0 } as const;

/** Reports the stages of a job by name, each with how far it is, where that can be counted. */
export class Stages {
  constructor(private readonly tell: (progress: UpscaleProgress) => void) {}

  /** Decoding: libvips reports nothing until it is done. @returns what counts rows, where another decoder does. */
  reading(): RowProgress {
    this.tell({ stage: 'decode', ...NO_TILES });
    return new RowProgress((rows) => this.tell({ stage: 'decode', ...NO_TILES, ...rows }));
  }

  /** A candidate is chosen, and is yet to be loaded. @param provider undefined for Lanczos. */
  chosen(model: string, provider: Provider | undefined): void {
    if (provider === undefined) this.tell({ stage: 'resample', ...NO_TILES, model });
    else this.tell({ stage: 'infer', ...NO_TILES, model, provider });
  }

  /** Drawing: by a network tile by tile, by Lanczos row by row. */
  drawing(candidate: LoadedCandidate): Counter {
    if (candidate.kind === 'lanczos') {
      const rows = new RowProgress((done) =>
        this.tell({ stage: 'resample', ...NO_TILES, model: LANCZOS, ...done }),
      );
      return { count: (done, total) => rows.count(done, total), stop: () => undefined };
    }
    const { entry, provider } = candidate.model;
    return new TileProgress((tiles) => this.tell({ stage: 'infer', ...tiles, model: entry.name, provider }));
  }

  /**
   * Encoding: libvips reports nothing until it is done. Reported are the time that is left, and the bytes of the file so far: PNG and TIFF
   * are written row by row, other formats at once.
   * @param tiles computed. @param expectedMs by results of the same format.
   * @returns what ends the reports.
   */
  writing(tiles: number, resultPath: string, expectedMs = 0): () => void {
    const startedMs = performance.now();
    let bytesWritten = 0;
    const tell = () => {
      // Encoding that takes longer than expected is not reported to be at its end.
      const leftMs = expectedMs - (performance.now() - startedMs);
      this.tell({
        stage: 'encode',
        tilesDone: tiles,
        tilesTotal: tiles,
        ...(bytesWritten === 0 ? {} : { bytesWritten }),
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
